import type { Page } from './page.ts';
import type { ResultSummary } from './result.ts';

export const JOB_STATES = ['QUEUED', 'RUNNING', 'SUCCESS', 'FAILED', 'CANCELLED', 'LOST'] as const;
export type JobState = (typeof JOB_STATES)[number];

export const JOB_KINDS = ['sql', 'python', 'python-file', 'jar', 'jar-class'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

export const EXECUTOR_KINDS = ['embedded', 'driver', 'spark-submit'] as const;
export type ExecutorKind = (typeof EXECUTOR_KINDS)[number];

export const OVERFLOWS = ['TRUNCATE', 'FAIL'] as const;
export type Overflow = (typeof OVERFLOWS)[number];

/** What a job that does not run yet, or not further, is waiting for. */
export const WAITING_FOR = ['DRIVER', 'POOL', 'CONTEXT', 'SPARK_SUBMIT', 'EXECUTORS'] as const;
export type WaitingFor = (typeof WAITING_FOR)[number];

/** The ends on which a job may ask to be run again. */
export const RETRYABLE_ENDS = ['LOST', 'FAILED'] as const;
export type RetryableEnd = (typeof RETRYABLE_ENDS)[number];

/**
 * Which state may follow which. A state with an empty row is terminal.
 * RUNNING → QUEUED is a retry: the same job, one attempt later.
 */
export const TRANSITIONS: Readonly<Record<JobState, readonly JobState[]>> = {
  QUEUED: ['RUNNING', 'FAILED', 'CANCELLED', 'LOST'],
  RUNNING: ['SUCCESS', 'FAILED', 'CANCELLED', 'LOST', 'QUEUED'],
  SUCCESS: [],
  FAILED: [],
  CANCELLED: [],
  LOST: [],
};

export const TERMINAL_STATES = JOB_STATES.filter((state) => TRANSITIONS[state].length === 0);
export const ACTIVE_STATES = JOB_STATES.filter((state) => TRANSITIONS[state].length > 0);

export const isTerminal = (state: JobState): boolean => TRANSITIONS[state].length === 0;
export const mayFollow = (from: JobState, to: JobState): boolean => TRANSITIONS[from].includes(to);

/** A value bound to a `:marker`; `type` is Spark's name of the type, null when the value tells it. */
export interface SqlParameter {
  readonly name: string;
  readonly value: string | number | boolean | null;
  readonly type: string | null;
}

export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly on: readonly RetryableEnd[];
}

/** What was asked for: everything that a rerun needs. Absent fields are null, never missing. */
export interface JobRequest {
  readonly kind: JobKind;
  readonly code: string | null;
  readonly filePath: string | null;
  readonly mainClass: string | null;
  readonly args: readonly string[];
  readonly pool: string;
  readonly description: string | null;
  readonly name: string | null;
  readonly tags: Readonly<Record<string, string>>;
  /** In the history, values of keys that look secret are replaced by `REDACTED`. */
  readonly sparkConfig: Readonly<Record<string, string>>;
  readonly parameters: readonly SqlParameter[];
  readonly rowLimit: number;
  readonly onOverflow: Overflow;
  readonly maxRuntimeMs: number | null;
  readonly context: string | null;
  readonly retry: RetryPolicy | null;
}

/** Where in the user's text an error was found; lines and columns count from 1. */
export interface ErrorPosition {
  readonly line: number;
  readonly column: number;
  readonly fragment: string | null;
}

/** An error that ended a job. `code` stands in the registry of `errors.ts`. */
export interface JobError {
  readonly code: string;
  readonly message: string;
  readonly errorClass: string | null;
  readonly sqlState: string | null;
  readonly position: ErrorPosition | null;
  readonly cause: string | null;
  readonly hint: string | null;
  readonly retryable: boolean;
}

export interface Job {
  readonly id: string;
  readonly sessionId: string;
  readonly owner: string;
  readonly executor: ExecutorKind;
  readonly state: JobState;
  readonly attempt: number;
  readonly request: JobRequest;
  /** The HTTP request that made the job, for the logs. */
  readonly requestId: string | null;
  /** Times are milliseconds since the epoch. */
  readonly submittedAt: number;
  readonly startedAt: number | null;
  readonly completedAt: number | null;
  /** 0 to 1. Live while the job runs: the use cases lay it over what is stored. */
  readonly progress: number;
  readonly waitingFor: WaitingFor | null;
  /** Someone asked for the end of the job; the first cause wins. */
  readonly cancelCause: string | null;
  readonly error: JobError | null;
  /** The inline text and counts; null until the job has succeeded. */
  readonly result: ResultSummary | null;
  /** The Spark application of a program that has one of its own; null until it is known. */
  readonly applicationId: string | null;
  readonly sparkUiUrl: string | null;
  /** When the stored rows were pruned; null while they are there (or never were). */
  readonly resultPrunedAt: number | null;
  /** The server that runs it. */
  readonly serverId: string;
  /** The last event id that was sent for the job, so that a finished stream stays finished. */
  readonly lastEventId: number;
}

/** What a program told of its Spark application so far. */
export interface SparkApplication {
  readonly applicationId: string;
  readonly sparkUiUrl: string | null;
}

/** What ended an attempt of a job. */
export type JobOutcome =
  | { readonly state: 'SUCCESS'; readonly result: ResultSummary }
  | { readonly state: 'FAILED'; readonly error: JobError }
  | { readonly state: 'CANCELLED'; readonly error: JobError | null }
  | { readonly state: 'LOST'; readonly error: JobError };

export interface JobFilter {
  readonly states?: readonly JobState[];
  readonly kinds?: readonly JobKind[];
  readonly sessionId?: string;
  readonly pool?: string;
  readonly name?: string;
  /** `key` or `key=value` pairs: every one has to match. */
  readonly tags?: readonly { readonly key: string; readonly value: string | null }[];
  readonly owner?: string;
  /** Submission time, inclusive and exclusive. */
  readonly from?: number;
  readonly to?: number;
}

export type JobPage = Page<Job>;
