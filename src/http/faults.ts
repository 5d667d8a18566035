import type { z } from 'zod';
import { type FieldFault, Problem } from '../domain/errors.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** `parameters[0].value`, `sparkConfig['spark.sql.ansi.enabled']`. */
export const fieldName = (path: Path, whole: string): string => {
  if (path.length === 0) return whole;
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      const key = String(part);
      if (!/^[A-Za-z_][\w-]*$/.test(key)) return `['${key}']`;
      return index === 0 ? key : `.${key}`;
    })
    .join('');
};

/** The branch of a union that the input was meant for: the one whose faults lie inside it. */
const intendedBranch = (branches: readonly (readonly Issue[])[]): readonly Issue[] | null =>
  branches.find((issues) => issues.length > 0 && issues.every(({ path }) => path.length > 0)) ??
  null;

const describe = (
  issue: Issue,
  above: Path,
  whole: string,
  known: Known,
): readonly FieldFault[] => {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const accepted = known(path);
    const hint = accepted.length === 0 ? '' : `; accepted are ${accepted.join(', ')}`;
    return issue.keys.map((key) => ({
      field: fieldName([...path, key], whole),
      message: `is not known here${hint}`,
    }));
  }
  if (issue.code === 'invalid_union') {
    const branch = intendedBranch(issue.errors);
    if (branch !== null) return branch.flatMap((inner) => describe(inner, path, whole, known));
  }
  if (issue.code === 'invalid_key') {
    return [{ field: fieldName(path, whole), message: issue.issues[0]?.message ?? issue.message }];
  }
  return [{ field: fieldName(path, whole), message: issue.message }];
};

/** The field names that the object at a path accepts. */
type Known = (path: Path) => readonly string[];

/** One fault for each field that was wrong, each with what the field accepts. */
export const faultsOf = (error: z.core.$ZodError, whole: string, known: Known): FieldFault[] => {
  const faults = new Map<string, FieldFault>();
  for (const issue of error.issues) {
    for (const fault of describe(issue, [], whole, known)) {
      if (!faults.has(fault.field)) faults.set(fault.field, fault);
    }
  }
  return [...faults.values()];
};

const detailOf = (errors: readonly FieldFault[]): string => {
  const [first] = errors;
  if (first !== undefined && errors.length === 1) return `${first.field} ${first.message}.`;
  return `Not valid: ${errors.map(({ field }) => field).join(', ')}. \`errors\` says what each accepts.`;
};

export const invalidRequest = (errors: readonly FieldFault[]): Problem =>
  new Problem('INVALID_REQUEST', detailOf(errors), { errors });
