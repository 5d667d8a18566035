import { type Kysely, type Migration, sql } from 'kysely';

/** Programs with a Spark application of their own, and uploaded files. */
const STATEMENTS = [
  sql`ALTER TABLE jobs ADD COLUMN application_id TEXT`,
  sql`ALTER TABLE jobs ADD COLUMN spark_ui_url TEXT`,
  sql`
    CREATE TABLE files (
      id TEXT PRIMARY KEY,
      owner TEXT NOT NULL,
      name TEXT NOT NULL,
      size INTEGER NOT NULL,
      sha256 TEXT NOT NULL,
      uploaded_at INTEGER NOT NULL
    ) STRICT`,
  sql`CREATE INDEX files_newest ON files (uploaded_at, id)`,
  sql`CREATE INDEX files_by_owner ON files (owner, uploaded_at, id)`,
];

export const programsAndFiles: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await statement.execute(db);
  },
};
