import type { FilePage, StoredFile } from '../domain/file.ts';
import type { Identity } from '../domain/identity.ts';
import type { Job, JobFilter, JobPage } from '../domain/job.ts';
import type { DefinedPool, Pool } from '../domain/pool.ts';
import type { Session, SessionMode } from '../domain/session.ts';
import type { Idempotency, SubmitCommand } from '../jobs/commands.ts';

export type { Idempotency, SubmitCommand };

/**
 * What the HTTP layer needs from the core, in its own words; the use cases fit structurally and
 * `compose.ts` brings them together. Every method throws a `Problem` for what is not accepted.
 */
export interface Services {
  readonly jobs: JobUseCases;
  readonly sessions: SessionUseCases;
  readonly pools: PoolUseCases;
  readonly results: ResultUseCases;
  readonly files: FileUseCases;
  readonly health: HealthUseCases;
}

export interface JobUseCases {
  /** On disk when it answers. `replayed` when an idempotency key led to a job that was there. */
  submit(command: SubmitCommand): Promise<{ readonly job: Job; readonly replayed: boolean }>;
  /** The job, with live progress; 404 for what the identity may not see. */
  get(identity: Identity, id: string): Promise<Job>;
  /** Resolves with the job when it has ended or the time is over, whichever comes first. */
  awaitEnd(identity: Identity, id: string, waitMs: number): Promise<Job>;
  list(
    identity: Identity,
    filter: JobFilter,
    limit: number,
    cursor: string | null,
  ): Promise<JobPage>;
  /** `accepted: false` when the job had ended already. */
  cancel(
    identity: Identity,
    id: string,
    cause: string,
  ): Promise<{ readonly job: Job; readonly accepted: boolean }>;
  remove(identity: Identity, id: string): Promise<void>;
  rerun(
    identity: Identity,
    id: string,
    overrides: { readonly sparkConfig: Readonly<Record<string, string>> | null },
    requestId: string,
    idempotency: Idempotency | null,
  ): Promise<{ readonly job: Job; readonly replayed: boolean }>;
  /** Text of a log stream; a negative offset counts from its end. */
  logs(
    identity: Identity,
    id: string,
    stream: 'stdout' | 'stderr',
    offset: number,
    limit: number,
  ): Promise<{ readonly text: string; readonly nextOffset: number; readonly size: number }>;
  /** Events after `lastEventId`, live until `end`; null when the stream had ended before. */
  events(
    identity: Identity,
    id: string,
    lastEventId: number | null,
  ): Promise<JobEventStream | null>;
}

export interface JobEvent {
  readonly id: number;
  readonly type: 'state' | 'progress' | 'log' | 'end';
  readonly data: unknown;
}

export interface JobEventStream extends AsyncIterable<JobEvent> {
  close(): void;
}

export interface SessionView {
  readonly session: Session;
  readonly appId: string | null;
  readonly master: string;
  readonly sparkVersion: string | null;
  readonly activeJobs: number;
  readonly sparkUiUrl: string | null;
}

export interface SessionUseCases {
  list(identity: Identity): Promise<readonly SessionView[]>;
  get(identity: Identity, id: string): Promise<SessionView>;
  create(
    identity: Identity,
    command: {
      readonly sessionId: string | null;
      readonly mode: SessionMode | null;
      readonly sparkConfig: Readonly<Record<string, string>>;
      readonly idleTimeoutMs: number | null;
    },
    idempotency: Idempotency | null,
  ): Promise<{ readonly view: SessionView; readonly replayed: boolean }>;
  /** `ended: false` when it takes longer. */
  remove(identity: Identity, id: string): Promise<{ readonly ended: boolean }>;
}

export interface PoolView extends DefinedPool {
  readonly running: number;
  readonly queued: number;
  readonly slotsInUse: number;
  readonly shareReached: number | null;
  readonly waitMs: { readonly p50: number | null; readonly p95: number | null };
}

export interface PoolUseCases {
  list(): Promise<readonly PoolView[]>;
  get(name: string): Promise<PoolView>;
  /** In force on what runs when it answers. */
  put(
    identity: Identity,
    pool: Pool,
  ): Promise<{ readonly view: PoolView; readonly created: boolean }>;
  remove(identity: Identity, name: string): Promise<void>;
}

export const RESULT_FORMATS = ['json', 'ndjson', 'csv', 'arrow', 'text'] as const;
export type ResultFormat = (typeof RESULT_FORMATS)[number];

export interface ResultUseCases {
  /** Bytes in the asked format, made as they are read; `limit` null means to the end. */
  read(
    identity: Identity,
    jobId: string,
    format: ResultFormat,
    offset: number,
    limit: number | null,
  ): Promise<AsyncIterable<Uint8Array>>;
}

/** An upload that has arrived and is not kept yet. */
export interface ReceivedFile {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

export interface FileUseCases {
  /** Reads it to its end, piece by piece; either `keep` or `discard` has to follow. */
  receive(
    identity: Identity,
    name: string | null,
    content: AsyncIterable<Uint8Array>,
  ): Promise<ReceivedFile>;
  /** On disk when it answers. What counts for the key is the name and the content. */
  keep(
    identity: Identity,
    received: ReceivedFile,
    key: { readonly key: string; readonly operation: string } | null,
  ): Promise<{ readonly file: StoredFile; readonly replayed: boolean }>;
  discard(received: ReceivedFile): Promise<void>;
  get(identity: Identity, id: string): Promise<StoredFile>;
  list(identity: Identity, limit: number, cursor: string | null): Promise<FilePage>;
  remove(identity: Identity, id: string): Promise<void>;
}

export type ComponentHealth = {
  readonly status: 'UP' | 'DOWN';
  readonly details: Readonly<Record<string, unknown>>;
};

export interface HealthUseCases {
  components(): Promise<
    Readonly<Record<'diskSpace' | 'ping' | 'spark' | 'store', ComponentHealth>>
  >;
  /** The driver answers, the store writes, and the server does not drain. */
  ready(): Promise<{ readonly ready: boolean; readonly reason: string | null }>;
  activeSessions(): Promise<number>;
}
