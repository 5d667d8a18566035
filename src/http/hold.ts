import type { Identity } from '../domain/identity.ts';
import { isTerminal, type Job } from '../domain/job.ts';
import type { JobUseCases } from './services.ts';

/** Longest time that a call may hold before it answers. */
export const LONGEST_WAIT = '10m';

/**
 * Holds a call until the job has ended or the time is over. A closing server answers its
 * waiting clients at once with what is known, so that they can ask again elsewhere.
 */
export const hold = async (
  jobs: JobUseCases,
  identity: Identity,
  job: Job,
  waitMs: number,
  closing: AbortSignal,
): Promise<Job> => {
  if (isTerminal(job.state) || waitMs === 0 || closing.aborted) return job;
  let release = (): void => {};
  const stopped = new Promise<null>((resolve) => {
    release = () => resolve(null);
    closing.addEventListener('abort', release, { once: true });
  });
  try {
    const ended = await Promise.race([jobs.awaitEnd(identity, job.id, waitMs), stopped]);
    return ended ?? (await jobs.get(identity, job.id));
  } finally {
    closing.removeEventListener('abort', release);
  }
};
