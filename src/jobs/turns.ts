import type { Job } from '../domain/job.ts';
import type { Waiting } from './pool-queue.ts';

/**
 * Jobs of the same key come one after another, in the order in which they were queued and whatever
 * their pools: the statements of one stateful interpreter.
 */
export class Turns {
  readonly #keyOf = new Map<string, string>();
  /** The job whose turn it is, and those behind it. */
  readonly #lines = new Map<string, Waiting[]>();

  /** Whether it is the job's turn; if not, `leave` of the one before it tells when it is. */
  enter(job: Waiting, key: string | null): boolean {
    if (key === null || this.#keyOf.has(job.jobId)) return true;
    this.#keyOf.set(job.jobId, key);
    const line = this.#lines.get(key) ?? [];
    line.push(job);
    this.#lines.set(key, line);
    return line.length === 1;
  }

  /** Whether a job of this key would have to wait for its turn. */
  isTaken(key: string | null): boolean {
    return key !== null && this.#lines.has(key);
  }

  waits(jobId: string): boolean {
    const key = this.#keyOf.get(jobId);
    return key !== undefined && this.#lines.get(key)?.[0]?.jobId !== jobId;
  }

  /** The job is over; answers with the one whose turn has come by that. */
  leave(jobId: string): Waiting | null {
    const key = this.#keyOf.get(jobId);
    const line = key === undefined ? undefined : this.#lines.get(key);
    if (key === undefined || line === undefined) return null;
    this.#keyOf.delete(jobId);
    const place = line.findIndex((job) => job.jobId === jobId);
    line.splice(place, 1);
    if (line.length === 0) this.#lines.delete(key);
    return place === 0 ? (line[0] ?? null) : null;
  }
}

/** Statements of one context of a session share a key; all others have none. */
export const turnKey = ({
  sessionId,
  request,
}: Pick<Job, 'sessionId' | 'request'>): string | null =>
  request.context === null ? null : `${sessionId}/${request.context}`;
