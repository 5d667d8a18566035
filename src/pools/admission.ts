import { Tally } from '../util/tally.ts';

export interface Quotas {
  readonly maxRunning: number | null;
  readonly maxQueued: number | null;
}

export interface AdmissionOptions {
  /** Undefined for a pool that there is not. */
  readonly quotasOf: (pool: string) => Quotas | undefined;
  /** How many jobs run at a time, on all drivers and as programs of their own. */
  readonly maxRunning: number;
  /** How much of `maxRunning` one pool may hold, 0 to 1. */
  readonly poolShare: number;
}

export interface Load {
  readonly running: number;
  readonly queued: number;
}

/**
 * How many jobs of each pool run and wait on the whole server, and whether one more may. It counts;
 * who comes next is for the dispatcher to say.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #most: number;
  readonly #running = new Tally();
  readonly #queued = new Tally();
  /** On their way to the disk: a place is free for the one kind, the other will have to wait. */
  readonly #starting = new Tally();
  readonly #coming = new Tally();

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#most = Math.ceil(options.maxRunning * options.poolShare);
  }

  get load(): Load {
    return { running: this.#running.total, queued: this.#queued.total };
  }

  loadOf(pool: string): Load {
    return { running: this.#running.of(pool), queued: this.#queued.of(pool) };
  }

  /** How many jobs of the pool are on their way to the disk. */
  expectedIn(pool: string): number {
    return this.#starting.of(pool) + this.#coming.of(pool);
  }

  /** Whether a job of the pool may start now, as far as pools and the server go. */
  mayStart(pool: string): boolean {
    const { maxRunning } = this.#options;
    return this.#running.total < maxRunning && this.#running.of(pool) < this.#mostOf(pool);
  }

  /** Whether one that comes now could start, when all have started that come before it. */
  wouldStart(pool: string): boolean {
    const { maxRunning } = this.#options;
    const running = this.#running.of(pool) + this.#starting.of(pool);
    return this.#running.total + this.#starting.total < maxRunning && running < this.#mostOf(pool);
  }

  mayWait(pool: string): boolean {
    const most = this.#options.quotasOf(pool)?.maxQueued ?? Number.POSITIVE_INFINITY;
    return this.#queued.of(pool) + this.#coming.of(pool) < most;
  }

  /** A job is on its way to the disk: it counts until the answer is called. */
  expect(pool: string, startsAtOnce: boolean): () => void {
    const tally = startsAtOnce ? this.#starting : this.#coming;
    tally.add(pool);
    return () => tally.remove(pool);
  }

  queued(pool: string): void {
    this.#queued.add(pool);
  }

  unqueued(pool: string): void {
    this.#queued.remove(pool);
  }

  started(pool: string): void {
    this.#running.add(pool);
  }

  ended(pool: string): void {
    this.#running.remove(pool);
  }

  #mostOf(pool: string): number {
    return Math.min(this.#most, this.#options.quotasOf(pool)?.maxRunning ?? this.#most);
  }
}
