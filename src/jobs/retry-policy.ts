import type { JobOutcome, JobRequest } from '../domain/job.ts';

export const RETRY_BACKOFF = { firstMs: 1000, maxMs: 30_000 };

interface Attempt {
  readonly request: JobRequest;
  readonly attempt: number;
  readonly cancelCause: string | null;
}

/** Whether the job asked to be run again on this end, and may. A cancelled job never is. */
export const mayRetry = (
  { request, attempt, cancelCause }: Attempt,
  end: JobOutcome['state'],
): boolean => {
  if (cancelCause !== null || request.retry === null) return false;
  if (end !== 'LOST' && end !== 'FAILED') return false;
  return request.retry.on.includes(end) && attempt < request.retry.maxAttempts;
};
