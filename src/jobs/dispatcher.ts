import type { WaitingFor } from '../domain/job.ts';
import { Turns } from './turns.ts';

export interface DispatcherOptions {
  readonly maxRunning: number;
  readonly maxQueued: number;
  /** How much of `maxRunning` one pool may hold, 0 to 1. */
  readonly poolShare: number;
  /** What a job waits for that could run but for the limit. */
  readonly limitedBy: WaitingFor;
  /** Takes a job that has its place now; `done` or `putBack` must follow for it. */
  readonly launch: (jobId: string) => void;
}

export interface Load {
  readonly running: number;
  readonly queued: number;
}

/** A place in the line for a job that is still on its way to the disk. */
export interface Reservation {
  release(): void;
}

/**
 * Decides which queued job runs next; knows ids and pools, no states.
 *
 * Each pool has a queue, first in, first out; the pools take turns, so that a pool with a thousand
 * waiting jobs does not hold up the one job of another. `maxRunning` jobs run at a time, and none
 * before `setReady`; one pool may hold `poolShare` of these places, so that a flood of long jobs
 * leaves some for the short ones of other pools. Jobs of the same key run one after another, in
 * their order. Shares between running jobs are Spark's.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  /** In the order of their turns: a pool that was served goes to the end. */
  readonly #queues = new Map<string, Set<string>>();
  readonly #poolOf = new Map<string, string>();
  readonly #running = new Map<string, string>();
  readonly #turns = new Turns();
  #reserved = 0;
  #queued = 0;
  #ready = false;
  readonly #idleWaiters: (() => void)[] = [];
  readonly #pauses = new Set<string>();

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  get load(): Load {
    return { running: this.#running.size, queued: this.#queued };
  }

  loadOf(pool: string): Load {
    return { running: this.#runningIn(pool), queued: this.#queuedIn(pool) };
  }

  /** What a job in the queue waits for; null when it is not in the queue. */
  waitingFor(jobId: string): WaitingFor | null {
    if (!this.#poolOf.has(jobId)) return null;
    if (this.#turns.waits(jobId)) return 'CONTEXT';
    return this.#ready ? this.#options.limitedBy : 'DRIVER';
  }

  /** What a job that came to the pool now would wait for. */
  nextWaitsFor(pool: string): WaitingFor | null {
    if (!this.#ready) return 'DRIVER';
    return this.#freeFor(pool) > 0 ? null : this.#options.limitedBy;
  }

  /** How many wait, or will, that could not run at once. */
  get waiting(): number {
    return Math.max(0, this.#queued + this.#reserved - this.#free);
  }

  /**
   * Null when the line is full: only those count that could not run at once, and those that wait
   * elsewhere for places of the same kind.
   */
  reserve(pool: string, elsewhere: number): Reservation | null {
    const waiting = this.#queued + this.#reserved - this.#freeFor(pool);
    // A free place here is of no use to those that wait elsewhere.
    if (waiting >= 0 && waiting + elsewhere >= this.#options.maxQueued) return null;
    this.#reserved += 1;
    let held = true;
    return {
      release: () => {
        if (held) this.#reserved -= 1;
        held = false;
      },
    };
  }

  enqueue(jobId: string, pool: string, key: string | null = null): void {
    this.#poolOf.set(jobId, pool);
    this.#queued += 1;
    if (this.#turns.enter(jobId, pool, key)) this.#insert(jobId, pool, false);
    this.#pump();
  }

  /** A job that runs already, from before this server: it has its place, launched or not. */
  occupy(jobId: string, pool: string): void {
    this.#running.set(jobId, pool);
  }

  /** A job that could not be started after all goes back to the head of its queue. */
  putBack(jobId: string): void {
    const pool = this.#running.get(jobId);
    if (pool === undefined) return;
    this.#running.delete(jobId);
    this.#poolOf.set(jobId, pool);
    this.#queued += 1;
    this.#insert(jobId, pool, true);
    this.#freed();
  }

  /** The job needs no place any more, neither in the queue nor among the running. */
  done(jobId: string): void {
    const pool = this.#poolOf.get(jobId);
    if (pool !== undefined) {
      this.#poolOf.delete(jobId);
      this.#queued -= 1;
      const queue = this.#queues.get(pool);
      queue?.delete(jobId);
      if (queue?.size === 0) this.#queues.delete(pool);
    }
    const next = this.#turns.leave(jobId);
    if (next !== null) this.#insert(next.jobId, next.pool, false);
    if (this.#running.delete(jobId)) this.#freed();
    else if (next !== null) this.#pump();
  }

  setReady(ready: boolean): void {
    this.#ready = ready;
    this.#pump();
  }

  /** Nothing new starts until every reason is taken back. */
  pause(reason: string): void {
    this.#pauses.add(reason);
  }

  resume(reason: string): void {
    this.#pauses.delete(reason);
    this.#pump();
  }

  /** Resolves when no job has a place among the running. */
  whenIdle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  get #free(): number {
    if (!this.#ready || this.#pauses.size > 0) return 0;
    return Math.max(0, this.#options.maxRunning - this.#running.size);
  }

  #freeFor(pool: string): number {
    const most = Math.ceil(this.#options.maxRunning * this.#options.poolShare);
    return Math.min(this.#free, Math.max(0, most - this.#runningIn(pool)));
  }

  #runningIn(pool: string): number {
    let running = 0;
    for (const name of this.#running.values()) if (name === pool) running += 1;
    return running;
  }

  #queuedIn(pool: string): number {
    return (this.#queues.get(pool)?.size ?? 0) + this.#turns.waitingIn(pool);
  }

  #insert(jobId: string, pool: string, first: boolean): void {
    const queue = this.#queues.get(pool) ?? new Set();
    this.#queues.set(pool, first ? new Set([jobId, ...queue]) : queue.add(jobId));
  }

  #freed(): void {
    this.#pump();
    if (this.#running.size > 0) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  #pump(): void {
    while (this.#free > 0) {
      const next = this.#next();
      if (next === null) return;
      this.#running.set(next.jobId, next.pool);
      this.#options.launch(next.jobId);
    }
  }

  #next(): { jobId: string; pool: string } | null {
    const turn = [...this.#queues].find(([pool]) => this.#freeFor(pool) > 0);
    if (turn === undefined) return null;
    const [pool, queue] = turn;
    const jobId = queue.values().next().value as string;
    queue.delete(jobId);
    this.#queues.delete(pool);
    if (queue.size > 0) this.#queues.set(pool, queue);
    this.#poolOf.delete(jobId);
    this.#queued -= 1;
    return { jobId, pool };
  }
}
