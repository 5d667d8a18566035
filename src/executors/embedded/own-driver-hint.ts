import type { JobError } from '../../domain/job.ts';

/** Spark's words for what a name does not lead to. */
const NOT_SEEN = new Set([
  'TABLE_OR_VIEW_NOT_FOUND',
  'VIEW_NOT_FOUND',
  'SCHEMA_NOT_FOUND',
  'ROUTINE_NOT_FOUND',
  'UNRESOLVED_ROUTINE',
  'UNRESOLVED_VARIABLE',
  'VARIABLE_NOT_FOUND',
]);

const HINT =
  'Its sparkConfig cannot be set at run time, so the statement ran on a driver of its own: that one sees no temporary views, functions and variables of the session, no tables of the in-memory catalog, and not the current database of the session.';

/** What may surprise of a statement that did not run in its session. */
export const withHint = (error: JobError): JobError => {
  const [errorClass] = (error.errorClass ?? '').split('.');
  if (errorClass === undefined || !NOT_SEEN.has(errorClass)) return error;
  return { ...error, hint: error.hint === null ? HINT : `${error.hint} ${HINT}` };
};
