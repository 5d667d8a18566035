import type { WaitingFor } from '../domain/job.ts';
import type { Admission } from '../pools/admission.ts';
import { Tally } from '../util/tally.ts';
import type { Dispatcher, StartingPlace } from './dispatcher.ts';
import type { Waiting } from './pool-queue.ts';
import { Turns } from './turns.ts';
import type { FullQueue, Reservation, WaitingRoom } from './waiting-room.ts';
import { once } from './waiting-room.ts';

export interface LineOptions {
  readonly admission: Admission;
  readonly dispatcher: Dispatcher;
  readonly room: WaitingRoom;
  readonly maxRunning: number;
  /** How much of `maxRunning` one pool may hold, 0 to 1. */
  readonly poolShare: number;
  /** What a job waits for while all places are taken. */
  readonly limitedBy: WaitingFor;
  /** Takes a job that has its place now; `done` or `putBack` must follow for it. */
  readonly launch: (line: Line, jobId: string) => void;
}

/**
 * What waits and what runs at one driver, or of programs of their own. `maxRunning` jobs run at a
 * time, and none before `setReady`; one pool may hold `poolShare` of these places, so that a flood
 * of long jobs leaves some for the short ones of other pools. Jobs of the same key run one after
 * another, in their order. Who starts next is for the dispatcher to say.
 */
export class Line implements StartingPlace {
  readonly #options: LineOptions;
  readonly #most: number;
  readonly #queued = new Map<string, Waiting>();
  readonly #running = new Map<string, Waiting>();
  readonly #runningIn = new Tally();
  /** Places that are meant for jobs on their way to the disk. */
  readonly #claimed = new Tally();
  readonly #turns = new Turns();
  readonly #idleWaiters: (() => void)[] = [];
  #ready = false;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#most = Math.ceil(options.maxRunning * options.poolShare);
  }

  get isEmpty(): boolean {
    return this.#queued.size + this.#running.size === 0;
  }

  /** What a job in the queue waits for; null when it is not in the queue. */
  waitingFor(jobId: string): WaitingFor | null {
    const job = this.#queued.get(jobId);
    if (job === undefined) return null;
    if (this.#turns.waits(jobId)) return 'CONTEXT';
    return this.#ready ? this.#limitedBy() : 'DRIVER';
  }

  /** What a job that came to the pool now would wait for. */
  nextWaitsFor(pool: string): WaitingFor | null {
    const { admission, dispatcher } = this.#options;
    if (!this.#ready) return 'DRIVER';
    const starts = dispatcher.moves && this.mayStart(pool) && admission.mayStart(pool);
    return starts ? null : this.#limitedBy();
  }

  /** Only those count that could not run at once. */
  reserve(pool: string, key: string | null): Reservation | FullQueue {
    const { admission, room } = this.#options;
    if (!this.#wouldStart(pool, key)) return room.reserve(pool);
    this.#claimed.add(pool);
    const arrived = admission.expect(pool, true);
    return once(() => {
      this.#claimed.remove(pool);
      arrived();
    });
  }

  enqueue(jobId: string, pool: string, key: string | null = null): void {
    const { dispatcher } = this.#options;
    const job = dispatcher.take(jobId, pool);
    this.#queue(job);
    if (this.#turns.enter(job, key)) dispatcher.add(this, job);
    dispatcher.pump();
  }

  /** A job that runs already, from before this server: it has its place, whatever the limits say. */
  occupy(jobId: string, pool: string): void {
    this.#run(this.#options.dispatcher.take(jobId, pool));
  }

  /** A job that could not be started after all goes back to where it stood. */
  putBack(jobId: string): void {
    const job = this.#running.get(jobId);
    if (job === undefined) return;
    this.#stop(job);
    this.#queue(job);
    this.#options.dispatcher.add(this, job);
    this.#freed();
  }

  /** The job needs no place any more, neither in the queue nor among the running. */
  done(jobId: string): void {
    const { dispatcher } = this.#options;
    const waiting = this.#queued.get(jobId);
    const running = this.#running.get(jobId);
    if (waiting !== undefined) {
      this.#unqueue(waiting);
      dispatcher.remove(this, waiting);
    }
    if (running !== undefined) this.#stop(running);
    const next = this.#turns.leave(jobId);
    if (next !== null) dispatcher.add(this, next);
    this.#freed();
  }

  setReady(ready: boolean): void {
    this.#ready = ready;
    this.#options.dispatcher.pump();
  }

  mayStart(pool: string): boolean {
    const { maxRunning } = this.#options;
    return this.#ready && this.#running.size < maxRunning && this.#runningIn.of(pool) < this.#most;
  }

  start(job: Waiting): void {
    this.#unqueue(job);
    this.#run(job);
    this.#options.launch(this, job.jobId);
  }

  /** Resolves when no job has a place among the running. */
  whenIdle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  #wouldStart(pool: string, key: string | null): boolean {
    const { admission, dispatcher, maxRunning } = this.#options;
    const claimed = this.#claimed;
    return (
      this.#ready &&
      dispatcher.moves &&
      this.#running.size + claimed.total < maxRunning &&
      this.#runningIn.of(pool) + claimed.of(pool) < this.#most &&
      !this.#turns.isTaken(key) &&
      admission.wouldStart(pool)
    );
  }

  /** The line is full, or else the pool or the server is. */
  #limitedBy(): WaitingFor {
    const { maxRunning, limitedBy } = this.#options;
    return this.#running.size < maxRunning ? 'POOL' : limitedBy;
  }

  #queue(job: Waiting): void {
    this.#queued.set(job.jobId, job);
    this.#options.room.enter(job.pool);
  }

  #unqueue(job: Waiting): void {
    this.#queued.delete(job.jobId);
    this.#options.room.leave(job.pool);
  }

  #run(job: Waiting): void {
    this.#running.set(job.jobId, job);
    this.#runningIn.add(job.pool);
    this.#options.admission.started(job.pool);
  }

  #stop(job: Waiting): void {
    this.#running.delete(job.jobId);
    this.#runningIn.remove(job.pool);
    this.#options.admission.ended(job.pool);
  }

  #freed(): void {
    this.#options.dispatcher.pump();
    if (this.#running.size > 0) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }
}
