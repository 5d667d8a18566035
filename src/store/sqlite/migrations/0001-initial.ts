import { type Kysely, type Migration, sql } from 'kysely';

/** The columns that can be large stand last: SQLite reads their overflow pages only when asked. */
const JOBS = sql`
  CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    executor TEXT NOT NULL,
    kind TEXT NOT NULL,
    pool TEXT NOT NULL,
    name TEXT,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    request_id TEXT,
    submitted_at INTEGER NOT NULL,
    started_at INTEGER,
    completed_at INTEGER,
    progress REAL NOT NULL,
    waiting_for TEXT,
    cancel_cause TEXT,
    result_pruned_at INTEGER,
    server_id TEXT NOT NULL,
    last_event_id INTEGER NOT NULL,
    error TEXT,
    request TEXT NOT NULL,
    result TEXT,
    code TEXT,
    result_text TEXT
  ) STRICT`;

/**
 * One index for each filter that can be selective, each in the order of the list. Filters of few
 * values (state, kind, pool) are checked inside an index that holds them: what does not match is
 * passed over without reading its row.
 */
const JOB_INDICES = [
  sql`CREATE INDEX jobs_newest ON jobs (submitted_at, id, kind, pool, state)`,
  sql`CREATE INDEX jobs_by_session ON jobs (session_id, submitted_at, id)`,
  sql`CREATE INDEX jobs_by_owner ON jobs (owner, submitted_at, id)`,
  sql`CREATE INDEX jobs_by_name ON jobs (name, submitted_at, id) WHERE name IS NOT NULL`,
  sql`CREATE INDEX jobs_active ON jobs (submitted_at, id) WHERE state IN ('QUEUED', 'RUNNING')`,
  sql`CREATE INDEX jobs_unsuccessful ON jobs (submitted_at, id, state) WHERE state <> 'SUCCESS'`,
  sql`CREATE INDEX jobs_ended ON jobs (completed_at, id) WHERE completed_at IS NOT NULL`,
];

const JOB_PARTS = [
  sql`
    CREATE TABLE job_tags (
      job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
      key TEXT NOT NULL,
      value TEXT NOT NULL,
      submitted_at INTEGER NOT NULL,
      PRIMARY KEY (job_id, key)
    ) STRICT, WITHOUT ROWID`,
  sql`CREATE INDEX job_tags_by_value ON job_tags (key, value, submitted_at, job_id)`,
  sql`CREATE INDEX job_tags_by_key ON job_tags (key, submitted_at, job_id)`,
  sql`
    CREATE TABLE job_secrets (
      job_id TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
      secrets TEXT NOT NULL
    ) STRICT`,
];

/** Counting a million rows takes a hundred milliseconds: the counts are kept as jobs change. */
const JOB_COUNTS = [
  sql`CREATE TABLE job_counts (state TEXT PRIMARY KEY, jobs INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  sql`
    INSERT INTO job_counts (state, jobs) VALUES
      ('QUEUED', 0), ('RUNNING', 0), ('SUCCESS', 0), ('FAILED', 0), ('CANCELLED', 0), ('LOST', 0)`,
  sql`
    CREATE TRIGGER job_counts_insert AFTER INSERT ON jobs BEGIN
      UPDATE job_counts SET jobs = jobs + 1 WHERE state = NEW.state;
    END`,
  sql`
    CREATE TRIGGER job_counts_update AFTER UPDATE OF state ON jobs WHEN OLD.state <> NEW.state BEGIN
      UPDATE job_counts SET jobs = jobs - 1 WHERE state = OLD.state;
      UPDATE job_counts SET jobs = jobs + 1 WHERE state = NEW.state;
    END`,
  sql`
    CREATE TRIGGER job_counts_delete AFTER DELETE ON jobs BEGIN
      UPDATE job_counts SET jobs = jobs - 1 WHERE state = OLD.state;
    END`,
];

const REST = [
  sql`
    CREATE TABLE idempotency_keys (
      owner TEXT NOT NULL,
      operation TEXT NOT NULL,
      key TEXT NOT NULL,
      body_hash TEXT NOT NULL,
      resource_kind TEXT NOT NULL,
      resource_id TEXT NOT NULL,
      PRIMARY KEY (owner, operation, key)
    ) STRICT, WITHOUT ROWID`,
  sql`CREATE INDEX idempotency_keys_by_resource ON idempotency_keys (resource_kind, resource_id)`,
  sql`
    CREATE TABLE sessions (
      id TEXT PRIMARY KEY,
      owner TEXT NOT NULL,
      mode TEXT NOT NULL,
      state TEXT NOT NULL,
      cause TEXT,
      explicit INTEGER NOT NULL,
      stateful INTEGER NOT NULL,
      spark_config TEXT NOT NULL,
      idle_timeout_ms INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      last_activity INTEGER NOT NULL,
      ended_at INTEGER,
      server_id TEXT NOT NULL
    ) STRICT`,
  sql`CREATE INDEX sessions_live ON sessions (created_at, id) WHERE state <> 'DEAD'`,
  sql`CREATE INDEX sessions_ended ON sessions (ended_at) WHERE state = 'DEAD'`,
  sql`
    CREATE TABLE servers (
      id TEXT PRIMARY KEY,
      registered_at INTEGER NOT NULL,
      heartbeat_at INTEGER NOT NULL
    ) STRICT`,
  sql`CREATE TABLE store_keys (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT`,
  sql`CREATE TABLE probes (id INTEGER PRIMARY KEY, filler BLOB NOT NULL) STRICT`,
];

export const initial: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of [JOBS, ...JOB_INDICES, ...JOB_PARTS, ...JOB_COUNTS, ...REST]) {
      await statement.execute(db);
    }
  },
};
