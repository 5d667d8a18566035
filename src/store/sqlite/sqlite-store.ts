import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import {
  type KeyedResource,
  type Store,
  type StoreHealth,
  StoreUnavailableError,
} from '../store.ts';
import { Checkpointer } from './checkpointer.ts';
import { SqliteConnection } from './connection.ts';
import { copyWhileOpen } from './copy.ts';
import { DirectoryLock } from './directory-lock.ts';
import { SqliteFileStore } from './files-store.ts';
import { findKey } from './idempotency.ts';
import { SqliteJobStore } from './jobs-store.ts';
import { migrate, refuseNewerSchema } from './migrate.ts';
import { SqlitePoolStore } from './pools-store.ts';
import { probe } from './probe.ts';
import { SqliteServerStore } from './servers-store.ts';
import { SqliteSessionStore } from './sessions-store.ts';
import { toStoreError } from './store-errors.ts';
import { refuseForeignFile, STORE_FILE, stampFile } from './store-file.ts';

export interface SqliteStoreOptions {
  readonly dataDir: string;
  /** NORMAL survives the death of the process, FULL also the loss of power. */
  readonly synchronous?: 'NORMAL' | 'FULL';
  /** The file grows no larger than this; null leaves it to the disk. */
  readonly maxBytes?: number | null;
}

const BUSY_TIMEOUT_MS = 2000;
const CHECKPOINT_EVERY_MS = 500;
const SCRUB_AFTER_MS = 1000;
/** Pages in the log at which the server's own connection checkpoints, should the worker not keep up. */
const LOG_PAGES_AT_MOST = 16_000;
const LOG_BYTES_KEPT = 64 * 1024 * 1024;

/** The durable history in one SQLite file of the data directory. */
export class SqliteStore implements Store {
  readonly jobs: SqliteJobStore;
  readonly sessions: SqliteSessionStore;
  readonly files: SqliteFileStore;
  readonly pools: SqlitePoolStore;
  readonly servers: SqliteServerStore;
  readonly #options: SqliteStoreOptions;
  readonly #file: string;
  readonly #lock: DirectoryLock;
  readonly #connection = new SqliteConnection();
  readonly #checkpointer = new Checkpointer();
  #opening: Promise<void> | null = null;
  #failure: StoreUnavailableError | null = null;
  #scrub: NodeJS.Timeout | null = null;

  constructor(options: SqliteStoreOptions) {
    this.#options = options;
    this.#file = join(options.dataDir, STORE_FILE);
    this.#lock = new DirectoryLock(options.dataDir);
    this.jobs = new SqliteJobStore(this.#connection, () => this.#scrubSoon());
    this.sessions = new SqliteSessionStore(this.#connection);
    this.files = new SqliteFileStore(this.#connection);
    this.pools = new SqlitePoolStore(this.#connection);
    this.servers = new SqliteServerStore(this.#connection, (id) => this.#lock.nameHolder(id));
  }

  /** Once; forgotten again when it fails, so that it can be tried again. */
  open(): Promise<void> {
    this.#opening ??= this.#open().catch((cause: unknown) => {
      this.#opening = null;
      const error = toStoreError(cause, this.#file);
      if (error instanceof StoreUnavailableError) this.#failure = error;
      throw error;
    });
    return this.#opening;
  }

  async findKeyed(owner: string, operation: string, key: string): Promise<KeyedResource | null> {
    return findKey(this.#connection, owner, operation, key);
  }

  async health(): Promise<StoreHealth> {
    if (this.#failure !== null) return { ok: false, detail: this.#failure.reason, bytes: 0 };
    return probe(this.#connection, this.#options.dataDir, this.#file);
  }

  async backup(file: string): Promise<void> {
    await copyWhileOpen(this.#connection.raw, file);
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = null;
    const opened = await opening?.then(
      () => true,
      () => false,
    );
    if (opened !== true) return;
    if (this.#scrub !== null) clearTimeout(this.#scrub);
    this.#scrub = null;
    await this.#checkpointer.stop();
    this.#closeFile();
  }

  async #open(): Promise<void> {
    mkdirSync(this.#options.dataDir, { recursive: true, mode: 0o700 });
    this.#lock.acquire();
    try {
      this.#connection.attach(await this.#openFile());
      this.#checkpointer.start(this.#file, CHECKPOINT_EVERY_MS);
      this.#failure = null;
    } catch (cause) {
      this.#lock.release();
      throw cause;
    }
  }

  /** Nothing is written before it is known that the file is ours and not from the future. */
  async #openFile(): Promise<Database.Database> {
    closeSync(openSync(this.#file, 'a', 0o600));
    const database = new Database(this.#file, { timeout: BUSY_TIMEOUT_MS });
    try {
      refuseForeignFile(database, this.#file);
      refuseNewerSchema(database, this.#file);
      configure(database, this.#options);
      await migrate(database);
      stampFile(database);
      return database;
    } catch (cause) {
      database.close();
      throw cause;
    }
  }

  #closeFile(): void {
    const database = this.#connection.raw;
    this.#connection.detach();
    try {
      // The last one to close empties the log into the file, if the disk lets it.
      database.close();
    } finally {
      this.#lock.release();
    }
  }

  /** Deleted secrets are overwritten in the database, but the log still has them until it is cut. */
  #scrubSoon(): void {
    if (this.#scrub !== null) return;
    this.#scrub = setTimeout(() => {
      this.#scrub = null;
      if (!cutLog(this.#connection.raw)) this.#scrubSoon();
    }, SCRUB_AFTER_MS);
    this.#scrub.unref();
  }
}

/** By now the worker has moved nearly all of it; false when it is just at it, or a reader is. */
const cutLog = (database: Database.Database): boolean => {
  try {
    // The event loop does not wait for another thread's checkpoint.
    database.pragma('busy_timeout = 0');
    const [answer] = database.pragma('wal_checkpoint(TRUNCATE)') as [{ busy: number }];
    return answer.busy === 0;
  } catch {
    return false;
  } finally {
    database.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  }
};

const configure = (database: Database.Database, options: SqliteStoreOptions): void => {
  const synchronous = options.synchronous ?? 'NORMAL';
  database.pragma('journal_mode = WAL');
  database.pragma(`synchronous = ${synchronous}`);
  database.pragma('foreign_keys = ON');
  database.pragma('secure_delete = ON');
  database.pragma('cell_size_check = ON');
  database.pragma('temp_store = MEMORY');
  database.pragma('cache_size = -64000');
  database.pragma(`wal_autocheckpoint = ${LOG_PAGES_AT_MOST}`);
  database.pragma(`journal_size_limit = ${LOG_BYTES_KEPT}`);
  const maxBytes = options.maxBytes ?? null;
  if (maxBytes === null) return;
  const pageBytes = Number(database.pragma('page_size', { simple: true }));
  database.pragma(`max_page_count = ${Math.max(1, Math.floor(maxBytes / pageBytes))}`);
};
