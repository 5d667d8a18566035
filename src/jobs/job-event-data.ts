import type { Job, JobError } from '../domain/job.ts';

const time = (at: number | null): string | null =>
  at === null ? null : new Date(at).toISOString();

const present = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));

/** As in a job's answer: what does not apply is left out. */
const errorOf = (error: JobError | null): object | null => (error === null ? null : present(error));

export const stateEvent = (job: Job): object => ({
  jobId: job.id,
  state: job.state,
  attempt: job.attempt,
  waitingFor: job.waitingFor,
});

export const endEvent = (job: Job): object => ({
  jobId: job.id,
  state: job.state,
  attempt: job.attempt,
  startedAt: time(job.startedAt),
  completedAt: time(job.completedAt),
  rowCount: job.result?.rowCount ?? null,
  error: errorOf(job.error),
});
