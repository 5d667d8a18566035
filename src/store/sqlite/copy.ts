import { existsSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { StoreUnavailableError } from '../store.ts';
import { toStoreError } from './store-errors.ts';
import { refuseForeignFile, STORE_FILE } from './store-file.ts';

export class BackupExistsError extends Error {
  override readonly name = 'BackupExistsError';
  constructor(file: string) {
    super(`${file} is there already`);
  }
}

export interface CopyOptions {
  readonly overwrite: boolean;
}

/**
 * For another process than the server: one read transaction, so that the copy is of one moment,
 * however long it takes, and no writer waits.
 */
export const copyDataDirectory = async (
  dataDir: string,
  file: string,
  options: CopyOptions,
): Promise<{ readonly bytes: number }> => {
  const source = join(dataDir, STORE_FILE);
  if (!existsSync(source)) {
    throw new StoreUnavailableError('There is no store in the data directory', 'NOT_A_STORE', {
      place: dataDir,
    });
  }
  await writeCopy(file, options.overwrite, (part) => {
    const database = new Database(source, { readonly: true, timeout: 5000 });
    try {
      refuseForeignFile(database, source);
      // The copy takes it over: no trace of a secret is left where its tree was built.
      database.pragma('secure_delete = ON');
      database.prepare('VACUUM INTO ?').run(part);
    } catch (cause) {
      throw isFull(cause) ? cause : toStoreError(cause, source);
    } finally {
      database.close();
    }
    verify(part);
  });
  return { bytes: (await stat(file)).size };
};

/** For the server itself: some pages at a turn of the event loop. */
export const copyWhileOpen = (database: Database.Database, file: string): Promise<void> =>
  writeCopy(file, false, async (part) => {
    try {
      await database.backup(part);
    } catch (cause) {
      throw isFull(cause) ? cause : toStoreError(cause);
    }
  });

/** Written under another name first: what carries the name is whole. */
const writeCopy = async (
  file: string,
  overwrite: boolean,
  write: (part: string) => Promise<void> | void,
): Promise<void> => {
  if (!overwrite && existsSync(file)) throw new BackupExistsError(file);
  if (!existsSync(dirname(file))) throw new Error(`There is no folder ${dirname(file)}`);
  const part = `${file}.part-${process.pid}`;
  try {
    await (await open(part, 'wx', 0o600)).close();
    await write(part);
    forgetSecrets(part);
    await flush(part);
    if (!overwrite && existsSync(file)) throw new BackupExistsError(file);
    await rename(part, file);
  } catch (cause) {
    throw isFull(cause) ? new Error(`There is no room for ${file}`, { cause }) : cause;
  } finally {
    for (const end of ['', '-journal', '-wal', '-shm']) await rm(`${part}${end}`, { force: true });
  }
};

/** Reading fills no disk: it is the copy's. */
const isFull = (cause: unknown): boolean =>
  cause instanceof Error &&
  'code' in cause &&
  (cause.code === 'SQLITE_FULL' || cause.code === 'ENOSPC' || cause.code === 'EDQUOT');

/** A copy outlives the jobs that need them. One file again, without a log beside it. */
const forgetSecrets = (part: string): void => {
  const copy = new Database(part);
  try {
    copy.pragma('journal_mode = DELETE');
    copy.pragma('secure_delete = ON');
    copy.exec('DELETE FROM job_secrets');
  } finally {
    copy.close();
  }
};

const verify = (part: string): void => {
  const copy = new Database(part, { readonly: true });
  try {
    const found = copy.pragma('integrity_check(1)', { simple: true });
    if (found === 'ok') return;
    throw new StoreUnavailableError("The store's file is damaged", 'DAMAGED', { cause: found });
  } finally {
    copy.close();
  }
};

const flush = async (part: string): Promise<void> => {
  const handle = await open(part, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
