import type {
  ExecutorKind,
  Job,
  JobOutcome,
  JobRequest,
  SparkApplication,
  WaitingFor,
} from '../domain/job.ts';
import type { ProgramFile } from '../domain/program.ts';
import type { Driver } from '../drivers/driver.ts';

/** A job as an executor needs it: the request is whole, secrets included. */
export interface Execution {
  readonly job: Job;
  readonly request: JobRequest;
  /** What `filePath` of the request leads to; null for kinds without a file. */
  readonly program: ProgramFile | null;
  /** What it runs on; null for a program of its own. */
  readonly driver: Driver | null;
  readonly resultDir: string;
  readonly maxResultBytes: number;
  /** `stdout.log` and `stderr.log` of the job are read there; made when something is written. */
  readonly logDir: string;
  /** What is kept of each stream. */
  readonly maxLogBytes: number;
}

export interface ExecutionObserver {
  /** The work has begun: the job's start time counts from here. */
  started(): void;
  progress(fraction: number): void;
  /** Output to keep and to show to whoever follows the job. */
  log(stream: 'stdout' | 'stderr', text: string): void;
  /** Output that the executor has put into `logDir` itself: it only has to be shown. */
  wrote(stream: 'stdout' | 'stderr', text: string): void;
  application(application: SparkApplication): void;
  /** What the work waits for while it runs; null when it waits no longer. */
  waitsFor(waitingFor: WaitingFor | null): void;
  /** Called exactly once, when nothing of the work is left. */
  ended(outcome: JobOutcome): void;
}

/** A way to run jobs. */
export interface Executor {
  readonly kind: ExecutorKind;
  /**
   * Whether its work goes on when the server ends. The `start` of such an executor takes up what a
   * former server has started of the same attempt, instead of running it twice.
   */
  readonly survivesServer: boolean;
  /** Hands the job over; everything that follows reaches the observer. Never throws. */
  start(execution: Execution, observer: ExecutionObserver): void;
  /** Asks for the end; `ended` follows when the work has really stopped. */
  cancel(jobId: string): void;
  /** The end of the job, or of an attempt at it, is stored: nobody has to take it up any more. */
  forget?(jobId: string): Promise<void>;
  /** A start: of all other jobs, what a former server may have kept for taking up goes. */
  sweep?(activeJobs: ReadonlySet<string>): Promise<void>;
  /** The server ends: work that survives it is no longer watched, and no observer is called. */
  release?(): Promise<void>;
}
