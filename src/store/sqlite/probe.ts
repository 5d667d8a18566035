import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type StoreHealth, StoreUnavailableError } from '../store.ts';
import { queries, type SqliteConnection } from './connection.ts';
import { toStoreError } from './store-errors.ts';

const FILLER_BYTES = 32 * 1024;
const FILLER = Buffer.alloc(FILLER_BYTES, 1);

/**
 * Grows the database by some pages and takes them back, and writes a file beside it: a small
 * update alone may still fit into what the log holds when the disk is full.
 */
export const probe = async (
  connection: SqliteConnection,
  directory: string,
  file: string,
): Promise<StoreHealth> => {
  try {
    if (connection.damage !== null) throw connection.damage;
    writeAndRead(connection);
    await writeBeside(directory);
    return { ok: true, detail: null, bytes: await bytesOf(file) };
  } catch (cause) {
    const error = toStoreError(cause);
    if (!(error instanceof StoreUnavailableError)) throw error;
    return { ok: false, detail: error.reason, bytes: await bytesOf(file) };
  }
};

const writeAndRead = (connection: SqliteConnection): void =>
  connection.transaction(() => {
    connection.run(queries.insertInto('probes').values({ id: 1, filler: FILLER }).compile());
    connection.first(queries.selectFrom('probes').select('id').where('id', '=', 1).compile());
    connection.run(queries.deleteFrom('probes').where('id', '=', 1).compile());
  });

const writeBeside = async (directory: string): Promise<void> => {
  const file = join(directory, `probe-${process.pid}.tmp`);
  try {
    await writeFile(file, FILLER, { mode: 0o600 });
  } finally {
    await rm(file, { force: true });
  }
};

const bytesOf = async (file: string): Promise<number> => {
  const sizes = await Promise.all([sizeOf(file), sizeOf(`${file}-wal`)]);
  return sizes.reduce((sum, size) => sum + size, 0);
};

const sizeOf = async (file: string): Promise<number> => {
  try {
    return (await stat(file)).size;
  } catch {
    return 0;
  }
};
