import type { Job, JobState } from '../domain/job.ts';

/** Told of each change of a job's state after it is on disk: for metrics and the log. */
export interface JobObserver {
  /** `from` is null for a job that was just accepted. */
  onTransition(job: Job, from: JobState | null, to: JobState): void;
}
