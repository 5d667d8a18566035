import type Database from 'better-sqlite3';
import { StoreUnavailableError } from '../store.ts';

export const STORE_FILE = 'libra.db';

/** "LIBR": `file` and other tools that read SQLite's header can tell whose it is. */
const APPLICATION_ID = 0x4c494252;

export const stampFile = (database: Database.Database): void => {
  if (applicationIdOf(database) !== APPLICATION_ID) {
    database.pragma(`application_id = ${APPLICATION_ID}`);
  }
};

/** A database of something else is left alone; an empty file becomes ours. */
export const refuseForeignFile = (database: Database.Database, place: string): void => {
  const tables = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
  const id = applicationIdOf(database);
  if (id === APPLICATION_ID || (id === 0 && tables === 0)) return;
  if (id === 0 && hasOurTables(database)) return;
  throw new StoreUnavailableError('The file is a database, but not of Libra', 'NOT_A_STORE', {
    place,
  });
};

/** A first start that was cut off between the migration and the stamp. */
const hasOurTables = (database: Database.Database): boolean =>
  database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'`).get() !==
  undefined;

const applicationIdOf = (database: Database.Database): unknown =>
  database.pragma('application_id', { simple: true });
