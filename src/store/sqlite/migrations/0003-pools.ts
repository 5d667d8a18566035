import { type Kysely, type Migration, sql } from 'kysely';

/** What calls have changed of the pools of `fairscheduler.xml`. */
const POOLS = sql`
  CREATE TABLE pools (
    name TEXT PRIMARY KEY,
    scheduling_mode TEXT,
    weight REAL,
    min_share INTEGER,
    max_running INTEGER,
    max_queued INTEGER,
    first_changed_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
  ) STRICT`;

export const pools: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await POOLS.execute(db);
  },
};
