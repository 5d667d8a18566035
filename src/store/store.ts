import type { FilePage, StoredFile } from '../domain/file.ts';
import type {
  Job,
  JobError,
  JobFilter,
  JobPage,
  JobState,
  SparkApplication,
  WaitingFor,
} from '../domain/job.ts';
import type { Pool } from '../domain/pool.ts';
import type { ResultSummary } from '../domain/result.ts';
import type { Session, SessionState } from '../domain/session.ts';

/** Why the store cannot be used. `FULL`, `IO`, `BUSY` pass by themselves once the cause is gone. */
export type StoreFailure =
  | 'FULL'
  | 'IO'
  | 'BUSY'
  | 'NOT_WRITABLE'
  | 'DAMAGED'
  | 'NOT_A_STORE'
  | 'SCHEMA_NEWER'
  | 'LOCKED'
  | 'CLOSED';

/**
 * The store cannot be read or written now. `reason` names no path, so that it may be shown to a
 * client; `message` adds the place, for logs and the operator.
 */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
  readonly kind: StoreFailure;
  readonly reason: string;

  constructor(
    reason: string,
    kind: StoreFailure = 'IO',
    options: { readonly cause?: unknown; readonly place?: string | null } = {},
  ) {
    const place = options.place ?? null;
    super(place === null ? reason : `${reason} (${place})`, { cause: options.cause });
    this.kind = kind;
    this.reason = reason;
  }
}

/** The cursor was not made by a list of this store. */
export class BadCursorError extends Error {
  override readonly name = 'BadCursorError';
  constructor() {
    super('The cursor is not one of ours');
  }
}

/** The sparkConfig values that the history must not keep, by key. */
export type JobSecrets = Readonly<Record<string, string>>;

/**
 * Held as long as the resource that it made is in the history, and unique for its owner and
 * operation: what else tells requests apart, such as an id in the path, belongs into the hash.
 */
export interface IdempotencyKey {
  readonly owner: string;
  readonly key: string;
  /** The operation's stable name, such as `statements.create`. */
  readonly operation: string;
  /** Keyed hash of the request body, `wait`, `onTimeout` and `rowLimit` aside. */
  readonly bodyHash: string;
}

export interface NewJob {
  readonly job: Job;
  readonly secrets: JobSecrets | null;
  readonly idempotency: IdempotencyKey | null;
}

/** The fields that may change together with a state. */
export interface JobChange {
  readonly attempt?: number;
  /** Forgotten with the attempt; `recordApplication` sets them. */
  readonly applicationId?: null;
  readonly sparkUiUrl?: null;
  readonly startedAt?: number | null;
  readonly completedAt?: number | null;
  readonly progress?: number;
  readonly waitingFor?: WaitingFor | null;
  readonly error?: JobError | null;
  readonly result?: ResultSummary | null;
  readonly lastEventId?: number;
  readonly serverId?: string;
  /** Forget the secrets: the job needs them no more. */
  readonly forgetSecrets?: boolean;
}

export type CreateJobAnswer =
  | { readonly created: true }
  /** The idempotency key was known: nothing was written. */
  | { readonly created: false; readonly resourceId: string; readonly bodyHash: string };

/** Writes answer when they are on disk. */
export interface JobStore {
  /** On disk when it answers. One transaction with its idempotency key. */
  create(entry: NewJob): Promise<CreateJobAnswer>;
  get(id: string): Promise<Job | null>;
  secrets(id: string): Promise<JobSecrets | null>;
  /**
   * Newest submission first. The items come without what can be large and no list shows:
   * `request.code` is null and `result.text` empty. Throws BadCursorError.
   */
  list(filter: JobFilter, limit: number, cursor: string | null): Promise<JobPage>;
  /**
   * `UPDATE … WHERE state = from`: answers whether it happened. `waitingFor` ends with the state
   * it belonged to, unless the change names a new one; a terminal state needs `completedAt` and
   * forgets the secrets. Throws on what the transition table does not allow.
   */
  transition(id: string, from: JobState, to: JobState, change: JobChange): Promise<boolean>;
  /** Sets the cause unless one is set already or the job has ended; answers whether it was set. */
  requestCancel(id: string, cause: string): Promise<boolean>;
  setWaitingFor(id: string, waitingFor: WaitingFor | null): Promise<void>;
  /** Of the attempt that runs; forgotten with the next one. */
  recordApplication(id: string, application: SparkApplication): Promise<void>;
  markResultPruned(id: string, at: number): Promise<void>;
  /** Removes an ended job; false when it is active or unknown. */
  remove(id: string): Promise<boolean>;
  countByState(): Promise<Readonly<Record<JobState, number>>>;
  /** Active jobs of all sessions, oldest first: for the settling at start. */
  active(): Promise<readonly Job[]>;
  /** Ids of ended jobs to prune, oldest first: completed before `before`, or beyond the newest `keep`. */
  prunable(before: number, keep: number, limit: number): Promise<readonly string[]>;
}

export interface SessionStore {
  /** Inserts or replaces the record of a session that has ended; false when a live one has the id. */
  create(
    session: Session,
    idempotency: IdempotencyKey | null,
  ): Promise<CreateJobAnswer | { readonly taken: true }>;
  get(id: string): Promise<Session | null>;
  /** Sessions that are not DEAD. */
  live(): Promise<readonly Session[]>;
  transition(
    id: string,
    from: readonly SessionState[],
    to: SessionState,
    cause: string | null,
    at: number,
  ): Promise<boolean>;
  touch(id: string, at: number): Promise<void>;
  markStateful(id: string): Promise<void>;
  /** Forgets DEAD sessions that ended before the time. */
  prune(endedBefore: number): Promise<number>;
}

/** The records of uploaded files; the bytes lie beside the store. */
export interface FileStore {
  create(file: StoredFile, idempotency: IdempotencyKey | null): Promise<CreateJobAnswer>;
  get(id: string): Promise<StoredFile | null>;
  /** Newest first; of everybody where `owner` is null. Throws BadCursorError. */
  list(owner: string | null, limit: number, cursor: string | null): Promise<FilePage>;
  /** False when it is unknown. */
  remove(id: string): Promise<boolean>;
  /** What all of them take together. */
  totalBytes(): Promise<number>;
}

/** How an API call has changed the pools of the file: another definition, or null for none at all. */
export interface PoolChange {
  readonly name: string;
  readonly pool: Pool | null;
}

/** The pools that were made, changed or deleted while a server ran. */
export interface PoolStore {
  /** In the order in which the names were first changed. */
  all(): Promise<readonly PoolChange[]>;
  /** Takes the place of what was there for the name. */
  put(change: PoolChange, at: number): Promise<void>;
  /** As if the name had never been changed. */
  remove(name: string): Promise<void>;
}

export interface ServerStore {
  /** Registers this server and its heartbeat. */
  register(serverId: string, at: number): Promise<void>;
  heartbeat(serverId: string, at: number): Promise<void>;
  /** A random key of this data directory, made at first use: for keyed hashes. */
  secretKey(): Promise<Buffer>;
}

export interface StoreHealth {
  readonly ok: boolean;
  readonly detail: string | null;
  readonly bytes: number;
}

/** What an idempotency key led to. */
export interface KeyedResource {
  readonly resourceId: string;
  readonly bodyHash: string;
}

/** The durable history. Every method may reject with StoreUnavailableError. */
export interface Store {
  /** The resource that a key made, or null: a replay is answered even where a new one is refused. */
  findKeyed(owner: string, operation: string, key: string): Promise<KeyedResource | null>;
  readonly jobs: JobStore;
  readonly sessions: SessionStore;
  readonly files: FileStore;
  readonly pools: PoolStore;
  readonly servers: ServerStore;
  /** Opens, locks and migrates. Rejects with a message that says which and why. */
  open(): Promise<void>;
  /** Really writes and reads, so that a full disk is seen. */
  health(): Promise<StoreHealth>;
  /** A consistent copy while the store is in use. */
  backup(file: string): Promise<void>;
  close(): Promise<void>;
}
