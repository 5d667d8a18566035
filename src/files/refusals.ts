import { Problem } from '../domain/errors.ts';

/** The field of the request that named the file. */
export type Field = string;

export const notUsable = (field: Field, detail: string, message: string): Problem =>
  new Problem('FILE_NOT_USABLE', detail, { errors: [{ field, message }] });

/** Says where files may lie, and never whether the one that was named is there. */
export const outsideRoots = (field: Field, roots: readonly string[]): Problem => {
  const places = roots.length === 0 ? 'none is configured' : roots.join(', ');
  return new Problem(
    'FILE_FORBIDDEN',
    `Files of this machine have to lie in one of the allowed folders, after links are resolved: ${places}. Or upload the file with POST /api/v1/files and name its fileId.`,
    { errors: [{ field, message: `accepts a file in one of ${places}` }] },
  );
};

export const schemeForbidden = (
  field: Field,
  scheme: string,
  allowed: readonly string[],
): Problem => {
  const schemes = allowed.length === 0 ? 'none is configured' : allowed.join(', ');
  return new Problem(
    'FILE_FORBIDDEN',
    `URIs of the scheme "${scheme}" are not allowed here; allowed are: ${schemes} (libra.files.allowed-schemes).`,
    { errors: [{ field, message: `accepts a path, a fileId, or a URI of ${schemes}` }] },
  );
};
