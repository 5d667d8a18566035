import type { ErrorCode } from '../domain/errors.ts';
import type { JobError } from '../domain/job.ts';
import { jobError } from '../domain/job-error.ts';

/** Causes of a cancel that have a code of their own; any other is the words of who asked. */
const CAUSES = {
  TIMED_OUT: 'The job ran longer than its maxRuntime.',
  SESSION_DELETED: 'The session of the job was deleted.',
} as const satisfies Partial<Record<ErrorCode, string>>;

export type CancelCode = keyof typeof CAUSES;

/** The error of a job that was stopped on request. */
export const cancelError = (cause: string | null): JobError => {
  if (cause !== null && cause in CAUSES) {
    return jobError(cause as CancelCode, CAUSES[cause as CancelCode]);
  }
  return jobError('CANCELLED', `The job was cancelled: ${cause ?? 'in the driver'}.`);
};

export const driverNotStarted = (reason: string): JobError =>
  jobError('DRIVER_START_FAILED', `The driver could not start: ${reason}`);

export const sessionLost = (): JobError =>
  jobError(
    'SESSION_LOST',
    'The session held views or settings that went with the driver; the job could not run in it.',
    true,
  );
