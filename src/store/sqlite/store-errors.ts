import Database from 'better-sqlite3';
import { type StoreFailure, StoreUnavailableError } from '../store.ts';

interface Failure {
  readonly kind: StoreFailure;
  readonly reason: string;
}

const FULL: Failure = { kind: 'FULL', reason: 'The disk of the store is full' };
const DAMAGED: Failure = { kind: 'DAMAGED', reason: "The store's file is damaged" };
const NOT_WRITABLE: Failure = { kind: 'NOT_WRITABLE', reason: 'The store cannot be written' };

/** Longest prefix first: SQLite's extended codes begin with their primary code. */
const FAILURES: readonly (readonly [prefix: string, failure: Failure])[] = [
  ['SQLITE_FULL', FULL],
  ['SQLITE_CORRUPT', DAMAGED],
  ['SQLITE_IOERR_CORRUPTFS', DAMAGED],
  ['SQLITE_IOERR', { kind: 'IO', reason: "The store's disk does not read or write" }],
  ['SQLITE_NOTADB', { kind: 'NOT_A_STORE', reason: "The store's file is not a database" }],
  ['SQLITE_READONLY', NOT_WRITABLE],
  ['SQLITE_PERM', NOT_WRITABLE],
  ['SQLITE_CANTOPEN', { kind: 'NOT_WRITABLE', reason: "The store's file cannot be opened" }],
  ['SQLITE_BUSY', { kind: 'BUSY', reason: 'The store is held by another process' }],
  ['SQLITE_LOCKED', { kind: 'BUSY', reason: 'The store is held by another process' }],
  ['SQLITE_PROTOCOL', { kind: 'BUSY', reason: 'The store is held by another process' }],
];

const SYSTEM_FAILURES: Readonly<Record<string, Failure>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EIO: { kind: 'IO', reason: "The store's disk does not read or write" },
  EROFS: NOT_WRITABLE,
  EACCES: NOT_WRITABLE,
  EPERM: NOT_WRITABLE,
  ENOTDIR: NOT_WRITABLE,
  EEXIST: NOT_WRITABLE,
  EISDIR: NOT_WRITABLE,
};

const failureOf = (cause: unknown): Failure | null => {
  if (cause instanceof Database.SqliteError) {
    return FAILURES.find(([prefix]) => cause.code.startsWith(prefix))?.[1] ?? null;
  }
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') {
    return SYSTEM_FAILURES[cause.code] ?? null;
  }
  return null;
};

/**
 * The one crossing: what SQLite or the file system throws becomes a StoreUnavailableError, and
 * what is our own mistake (a constraint, a wrong statement) stays what it is.
 */
export const toStoreError = (cause: unknown, place: string | null = null): unknown => {
  if (cause instanceof StoreUnavailableError) return cause;
  const failure = failureOf(cause);
  if (failure === null) return cause;
  return new StoreUnavailableError(failure.reason, failure.kind, { cause, place });
};

export const closedError = (): StoreUnavailableError =>
  new StoreUnavailableError('The store is not open', 'CLOSED');

export const unreadableError = (what: string, cause: unknown): StoreUnavailableError =>
  new StoreUnavailableError(`${DAMAGED.reason}: ${what} cannot be read`, 'DAMAGED', { cause });
