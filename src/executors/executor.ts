import type { ExecutorKind, Job, JobOutcome, JobRequest } from '../domain/job.ts';

/** A job as an executor needs it: the request is whole, secrets included. */
export interface Execution {
  readonly job: Job;
  readonly request: JobRequest;
  readonly resultDir: string;
  readonly maxResultBytes: number;
}

export interface ExecutionObserver {
  /** The work has begun: the job's start time counts from here. */
  started(): void;
  progress(fraction: number): void;
  log(stream: 'stdout' | 'stderr', text: string): void;
  /** Called exactly once, when nothing of the work is left. */
  ended(outcome: JobOutcome): void;
}

/** A way to run jobs. */
export interface Executor {
  readonly kind: ExecutorKind;
  /** Hands the job over; everything that follows reaches the observer. Never throws. */
  start(execution: Execution, observer: ExecutionObserver): void;
  /** Asks for the end; `ended` follows when the work has really stopped. */
  cancel(jobId: string): void;
}
