import type { Env } from './entries.ts';

/** Upper case only: Spark has `${spark.…}` and `${env:…}` of its own, which are left to it. */
const PLACEHOLDER = /\$\{([A-Z_][A-Z0-9_]*)(?::([^}]*))?\}/g;

/** Fills `${NAME}` and `${NAME:otherwise}` in a value of a file; an empty variable counts as not set. */
export const fillPlaceholders = (
  text: string,
  env: Env,
): { readonly value: string; readonly missing: readonly string[] } => {
  const missing: string[] = [];
  const value = text.replace(PLACEHOLDER, (_, name: string, otherwise: string | undefined) => {
    const given = env[name];
    if (given !== undefined && given !== '') return given;
    if (otherwise === undefined) missing.push(name);
    return otherwise ?? '';
  });
  return { value, missing };
};
