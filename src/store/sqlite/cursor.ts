import { BadCursorError } from '../store.ts';

/** Where a page ends: the list is in the order of submission, ids settle ties. */
export interface Position {
  readonly submittedAt: number;
  readonly id: string;
}

const VERSION = 1;
const ID = /^[0-9a-zA-Z-]{1,64}$/;

export const encodeCursor = ({ submittedAt, id }: Position): string =>
  Buffer.from(JSON.stringify([VERSION, submittedAt, id])).toString('base64url');

/** It carries no filter: with others it only says where to go on. */
export const decodeCursor = (cursor: string): Position => {
  const [version, submittedAt, id] = parse(cursor);
  if (version !== VERSION || typeof submittedAt !== 'number' || typeof id !== 'string') {
    throw new BadCursorError();
  }
  if (!Number.isSafeInteger(submittedAt) || !ID.test(id)) throw new BadCursorError();
  return { submittedAt, id };
};

const parse = (cursor: string): readonly unknown[] => {
  if (!/^[A-Za-z0-9_-]{1,200}$/.test(cursor)) throw new BadCursorError();
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(value)) return value;
  } catch {
    // Falls through: whatever is wrong with it, it is not ours.
  }
  throw new BadCursorError();
};

export const earlier = (a: Position, b: Position): Position =>
  a.submittedAt < b.submittedAt || (a.submittedAt === b.submittedAt && a.id < b.id) ? a : b;
