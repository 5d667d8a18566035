import type { Job, JobOutcome, JobState, SparkApplication, WaitingFor } from '../domain/job.ts';
import { isTerminal } from '../domain/job.ts';
import type { JobChange, JobStore } from '../store/store.ts';
import { repeatUntilDone } from '../util/backoff.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { ActiveJob, ActiveJobs } from './active-jobs.ts';
import { cancelError } from './job-errors.ts';
import { endEvent, stateEvent } from './job-event-data.ts';
import type { JobObserver } from './job-observer.ts';

export interface JobMachineOptions {
  readonly store: JobStore;
  readonly jobs: ActiveJobs;
  readonly clock: Clock;
  readonly log: Log;
  readonly serverId: string;
  /** Ends the repetitions of writes when the server stops. */
  readonly signal: AbortSignal;
}

const NO_APPLICATION = { applicationId: null, sparkUiUrl: null };
const BACKOFF = { firstMs: 50, maxMs: 5000 };

/**
 * The only writer of job state. `TRANSITIONS` in domain/job.ts is the table; the states are:
 *
 *   QUEUED     on disk and acknowledged; nothing of it runs. Waits for the driver, for its turn,
 *              or for its next attempt.
 *   RUNNING    on disk before the executor gets it, so that a crash never runs a job twice.
 *              `startedAt` counts from here, for each attempt anew.
 *   SUCCESS    the executor said so, and the result is stored.
 *   FAILED     the executor said so, or the job could not be handed over.
 *   CANCELLED  the end was asked for and nothing of the work is left: at once when QUEUED, when the
 *              executor says so when RUNNING. A job that succeeds or fails while it is being
 *              cancelled has succeeded or failed.
 *   LOST       the driver, the session or the server ended under it.
 *
 * Each transition is one conditional write that answers whether it happened; of several that race,
 * one does. The cause is written before the state (a cancel) or together with it (an error), and
 * the first cause wins. A change is announced (to waiters, event streams and observers) when it is
 * on disk, not before. The end of work that has run is written again and again until the store
 * takes it: the job stays RUNNING meanwhile, in memory as on disk.
 */
export class JobMachine {
  readonly #options: JobMachineOptions;
  readonly #observers: JobObserver[] = [];
  readonly #endListeners: ((active: ActiveJob) => void)[] = [];

  constructor(options: JobMachineOptions) {
    this.#options = options;
  }

  observe(observer: JobObserver): void {
    this.#observers.push(observer);
  }

  /** Called once for each job, right after its end was announced. */
  onEnd(listener: (active: ActiveJob) => void): void {
    this.#endListeners.push(listener);
  }

  /** Takes a job that is on disk and QUEUED. */
  admit(active: ActiveJob): void {
    this.#options.jobs.add(active);
    this.#announce(active, null);
  }

  /** Takes a job that a former server accepted. */
  adopt(active: ActiveJob): void {
    this.#options.jobs.add(active);
    active.events.publish('state', stateEvent(active.job));
  }

  /** QUEUED → RUNNING; false when the job is not QUEUED any more. */
  start(active: ActiveJob): Promise<boolean> {
    const { clock, serverId } = this.#options;
    const change = { startedAt: clock.now(), waitingFor: null, serverId };
    return this.#move(active, 'QUEUED', 'RUNNING', change);
  }

  /** QUEUED → its end, without having run. Rejects when the store does not take it. */
  endQueued(active: ActiveJob, outcome: JobOutcome): Promise<boolean> {
    return this.#move(active, 'QUEUED', outcome.state, this.#endOf(active, outcome));
  }

  /** Its end, from either state: on disk when it answers; rejects only when the server gives up. */
  end(active: ActiveJob, from: JobState, outcome: JobOutcome): Promise<boolean> {
    return this.#insist(active, from, outcome.state, () => this.#endOf(active, outcome));
  }

  /** RUNNING → QUEUED: the next attempt. */
  retry(active: ActiveJob): Promise<boolean> {
    const attempt = active.job.attempt + 1;
    const change = { attempt, startedAt: null, progress: 0, ...NO_APPLICATION };
    return this.#insist(active, 'RUNNING', 'QUEUED', () => change);
  }

  /** Sets the cause on disk; false when one was set before or the job has ended. */
  async requestCancel(active: ActiveJob, cause: string): Promise<boolean> {
    const set = await this.#options.store.requestCancel(active.job.id, cause);
    if (set) this.markCancelled(active, cause);
    return set;
  }

  /** Sets the cause in memory alone, for ends that must come even when the disk is full. */
  markCancelled(active: ActiveJob, cause: string): void {
    active.cancelCause ??= cause;
    active.job = { ...active.job, cancelCause: active.cancelCause };
  }

  /** What a running program tells of its Spark application: shown at once, on disk when it can be. */
  async application(active: ActiveJob, application: SparkApplication): Promise<void> {
    if (!isGoingOn(active)) return;
    active.job = { ...active.job, ...application };
    active.events.publish('state', stateEvent(active.job));
    await this.#options.store.recordApplication(active.job.id, application);
  }

  /** What a running job waits for. */
  async waitsFor(active: ActiveJob, waitingFor: WaitingFor | null): Promise<void> {
    if (!isGoingOn(active) || active.job.waitingFor === waitingFor) return;
    active.job = { ...active.job, waitingFor };
    active.events.publish('state', stateEvent(active.job));
    await this.#options.store.setWaitingFor(active.job.id, waitingFor);
  }

  progress(active: ActiveJob, fraction: number): void {
    if (!isGoingOn(active)) return;
    const progress = Math.min(1, Math.max(active.job.progress, fraction));
    if (progress === active.job.progress) return;
    active.job = { ...active.job, progress };
    active.events.publish('progress', { progress });
  }

  /** Nobody waits any longer: the server stops. */
  release(active: ActiveJob): void {
    for (const waiter of [...active.waiters]) waiter(null);
  }

  #endOf(active: ActiveJob, outcome: JobOutcome): JobChange {
    const result = outcome.state === 'SUCCESS' ? outcome.result : null;
    const error = outcome.state === 'SUCCESS' ? null : outcome.error;
    return {
      completedAt: Math.max(this.#options.clock.now(), active.job.startedAt ?? 0),
      progress: outcome.state === 'SUCCESS' ? 1 : active.job.progress,
      waitingFor: null,
      // Its port may be another program's by now.
      sparkUiUrl: null,
      result,
      error: outcome.state === 'CANCELLED' ? (error ?? cancelError(active.cancelCause)) : error,
      lastEventId: active.events.lastId + (outcome.state === 'SUCCESS' ? 3 : 2),
      forgetSecrets: true,
    };
  }

  async #insist(
    active: ActiveJob,
    from: JobState,
    to: JobState,
    change: () => JobChange,
  ): Promise<boolean> {
    if (active.job.state !== from || active.ending.has(from)) return false;
    active.ending.add(from);
    const { clock, log, signal } = this.#options;
    const { id } = active.job;
    let unsure = false;
    try {
      const write = () => this.#move(active, from, to, change());
      const happened = await repeatUntilDone(write, {
        ...BACKOFF,
        clock,
        signal,
        onFault: (error, repetition) => {
          unsure = true;
          log.error(
            { err: error, jobId: id, to, repetition },
            'the end of a job is not stored yet',
          );
        },
      });
      return happened || (unsure && (await this.#wasWritten(active, from, to)));
    } finally {
      active.ending.delete(from);
    }
  }

  /** A write that was reported as failed may have happened all the same. */
  async #wasWritten(active: ActiveJob, from: JobState, to: JobState): Promise<boolean> {
    const stored = await this.#options.store.get(active.job.id);
    if (active.job.state !== from || stored?.state !== to) return false;
    active.job = stored;
    this.#announce(active, from);
    return true;
  }

  async #move(
    active: ActiveJob,
    from: JobState,
    to: JobState,
    change: JobChange,
  ): Promise<boolean> {
    if (active.job.state !== from) return false;
    const happened = await this.#options.store.transition(active.job.id, from, to, change);
    if (!happened) return false;
    const { forgetSecrets: _forgotten, ...fields } = change;
    active.job = { ...active.job, ...fields, state: to };
    this.#announce(active, from);
    return true;
  }

  #announce(active: ActiveJob, from: JobState | null): void {
    const { job, events } = active;
    // The host tells progress now and then: the last of it may be missing. With the state and the
    // end these are the events that `lastEventId` has counted in.
    if (job.state === 'SUCCESS') events.publish('progress', { progress: 1 });
    events.publish('state', stateEvent(job));
    for (const observer of this.#observers) observer.onTransition(job, from, job.state);
    if (isTerminal(job.state)) this.#finish(active, job);
  }

  #finish(active: ActiveJob, job: Job): void {
    active.events.publish('end', endEvent(job));
    active.timer?.cancel();
    this.#options.jobs.retire(active);
    for (const listener of this.#endListeners) listener(active);
    for (const waiter of [...active.waiters]) waiter(job);
  }
}

/** Events of a job whose end is on its way to the disk are counted already. */
const isGoingOn = ({ job, ending }: ActiveJob): boolean =>
  job.state === 'RUNNING' && !ending.has('RUNNING');
