import type { Admission } from '../pools/admission.ts';
import type { Clock } from '../util/clock.ts';
import type { Next, Waiting } from './pool-queue.ts';
import { PoolQueue } from './pool-queue.ts';

/** Where jobs start: a driver, or programs of their own. */
export interface StartingPlace {
  /** Whether it has a place for one of this pool now. */
  mayStart(pool: string): boolean;
  start(job: Waiting): void;
}

export interface DispatcherOptions {
  readonly admission: Admission;
  readonly clock: Clock;
  /** Hears how long each job has stood in line when it starts. */
  readonly waited: (pool: string, ms: number) => void;
}

/**
 * Decides which waiting job of the whole server starts next; knows ids and pools, no states.
 *
 * Pools take turns, so that one with a thousand waiting jobs does not hold up the one job of
 * another. Within a pool the oldest job starts that can: that its pool has a place on the server, and
 * its line one for it. So a place that gets free anywhere starts whoever has waited for it longest,
 * in whatever line. Shares between running jobs are Spark's.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  /** In the order of their turns: a pool that was served goes to the end. */
  readonly #queues = new Map<string, PoolQueue<StartingPlace>>();
  readonly #pauses = new Set<string>();
  #lastOrder = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** While it does not move, nothing starts. */
  get moves(): boolean {
    return this.#pauses.size === 0;
  }

  /** Gives a job that comes now its place in the order. */
  take(jobId: string, pool: string): Waiting {
    this.#lastOrder += 1;
    return { jobId, pool, order: this.#lastOrder, since: this.#options.clock.now() };
  }

  add(line: StartingPlace, job: Waiting): void {
    const queue = this.#queues.get(job.pool) ?? new PoolQueue();
    queue.add(line, job);
    this.#queues.set(job.pool, queue);
  }

  remove(line: StartingPlace, job: Waiting): void {
    const queue = this.#queues.get(job.pool);
    queue?.remove(line, job);
    if (queue?.isEmpty) this.#queues.delete(job.pool);
  }

  /** Something has changed: starts all that can. */
  pump(): void {
    for (let next = this.#next(); next !== null; next = this.#next()) this.#start(next);
  }

  /** Nothing new starts until every reason is taken back. */
  pause(reason: string): void {
    this.#pauses.add(reason);
  }

  resume(reason: string): void {
    this.#pauses.delete(reason);
    this.pump();
  }

  #next(): Next<StartingPlace> | null {
    const { admission } = this.#options;
    if (!this.moves) return null;
    for (const [pool, queue] of this.#queues) {
      const next = admission.mayStart(pool) ? queue.oldest((line) => line.mayStart(pool)) : null;
      if (next !== null) return next;
    }
    return null;
  }

  #start({ line, job }: Next<StartingPlace>): void {
    const { clock, waited } = this.#options;
    this.remove(line, job);
    const rest = this.#queues.get(job.pool);
    if (rest !== undefined) {
      this.#queues.delete(job.pool);
      this.#queues.set(job.pool, rest);
    }
    waited(job.pool, Math.max(0, clock.now() - job.since));
    line.start(job);
  }
}
