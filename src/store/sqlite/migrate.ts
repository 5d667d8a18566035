import type Database from 'better-sqlite3';
import { Kysely, Migrator, SqliteDialect } from 'kysely';
import { StoreUnavailableError } from '../store.ts';
import { MIGRATIONS } from './migrations/index.ts';

const HISTORY = 'schema_migrations';
const NOTHING = { reader: false, all: () => [], run: () => ({ changes: 0, lastInsertRowid: 0 }) };

/**
 * SQLite ends a transaction by itself when the disk is full or damaged; Kysely's rollback would
 * then fail and hide why.
 */
const keepingFirstError = (database: Database.Database) => ({
  prepare: (sql: string) =>
    sql === 'rollback' && !database.inTransaction
      ? (NOTHING as unknown as Database.Statement)
      : database.prepare(sql),
  close: () => {},
});

/** Migrations that a newer server has run: this one cannot know what they mean. */
export const refuseNewerSchema = (database: Database.Database, place: string): void => {
  const exists = database
    .prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?`)
    .get(HISTORY);
  if (exists === undefined) return;
  const done = database.prepare(`SELECT name FROM ${HISTORY} ORDER BY name`).pluck().all();
  const unknown = (done as string[]).filter((name) => !Object.hasOwn(MIGRATIONS, name));
  if (unknown.length === 0) return;
  throw new StoreUnavailableError(
    `The store was written by a newer Libra (schema ${unknown.at(-1)}; this one knows up to ` +
      `${Object.keys(MIGRATIONS).at(-1)}): start the newer version, or restore a backup from before`,
    'SCHEMA_NEWER',
    { place },
  );
};

export const migrate = async (database: Database.Database): Promise<void> => {
  const db = new Kysely<unknown>({
    dialect: new SqliteDialect({ database: keepingFirstError(database) }),
  });
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
    migrationTableName: HISTORY,
    migrationLockTableName: `${HISTORY}_lock`,
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
};
