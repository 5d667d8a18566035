import type { DriverHandle } from '../sessions/driver-handle.ts';
import type { SessionClosing } from '../sessions/session-lease.ts';
import type { Log } from '../util/log.ts';
import type { ActiveJob, ActiveJobs } from './active-jobs.ts';
import type { Executors } from './executors.ts';
import type { CancelCode } from './job-errors.ts';
import { driverNotStarted, sessionLost } from './job-errors.ts';
import type { JobMachine } from './job-machine.ts';

export interface JobStopperOptions {
  readonly machine: JobMachine;
  readonly jobs: ActiveJobs;
  readonly executors: Executors;
  readonly log: Log;
}

/** Every way in which a job is asked to end before it is done. */
export class JobStopper {
  readonly #options: JobStopperOptions;

  constructor(options: JobStopperOptions) {
    this.#options = options;
  }

  /** Asked for by a client: refused while the store cannot take the cause. */
  async cancel(active: ActiveJob, cause: string): Promise<void> {
    const { machine } = this.#options;
    await machine.requestCancel(active, cause);
    const ended = await machine.endQueued(active, { state: 'CANCELLED', error: null });
    if (!ended) this.#interrupt(active);
  }

  /** Decided by the server: nobody waits for it, and a full disk must not hold it up. */
  async stop(active: ActiveJob, code: CancelCode): Promise<void> {
    const { machine, log } = this.#options;
    const { id } = active.job;
    try {
      await machine.requestCancel(active, code);
    } catch (error) {
      log.warn({ err: error, jobId: id }, 'the cause of a cancel was not stored');
    }
    machine.markCancelled(active, code);
    const ended = machine.end(active, 'QUEUED', { state: 'CANCELLED', error: null });
    if (!(await this.#logged(active, ended))) this.#interrupt(active);
  }

  /** The session ends under these jobs. */
  sessionClosed(jobIds: readonly string[], closing: SessionClosing): void {
    for (const id of jobIds) {
      const active = this.#options.jobs.get(id);
      if (active !== undefined) void this.#sessionClosed(active, closing);
    }
  }

  /** The driver was given up with these jobs waiting for it. */
  driverFailed(handle: DriverHandle, reason: string): void {
    for (const active of this.#options.jobs.all()) {
      if (active.driver === handle) void this.#notStarted(active, reason);
    }
  }

  /** Ends the job if what it was accepted for has ended meanwhile. */
  async placeClosed(active: ActiveJob): Promise<void> {
    const { lease, dedicated } = active;
    if (lease.closing !== null) await this.#sessionClosed(active, lease.closing);
    const failure = dedicated?.failure ?? null;
    if (failure !== null) await this.#notStarted(active, failure);
  }

  async #sessionClosed(active: ActiveJob, { code, reason }: SessionClosing): Promise<void> {
    if (code === 'SESSION_DELETED') return this.stop(active, code);
    // What has no need of the session's driver goes on without it. What runs on it is lost with
    // it, and the driver says so itself.
    if (active.lease.handle === null) return;
    if (code === 'DRIVER_START_FAILED') return this.#notStarted(active, reason);
    const ended = this.#options.machine.end(active, 'QUEUED', {
      state: 'LOST',
      error: sessionLost(),
    });
    await this.#logged(active, ended);
  }

  async #notStarted(active: ActiveJob, reason: string): Promise<void> {
    const ended = this.#options.machine.end(active, 'QUEUED', {
      state: 'FAILED',
      error: driverNotStarted(reason),
    });
    await this.#logged(active, ended);
  }

  /** A job on its way to the executor finds the cause when it gets there. */
  #interrupt(active: ActiveJob): void {
    if (active.handedOver) this.#options.executors.of(active.job).cancel(active.job.id);
  }

  async #logged(active: ActiveJob, ended: Promise<boolean>): Promise<boolean> {
    try {
      return await ended;
    } catch (error) {
      this.#options.log.error({ err: error, jobId: active.job.id }, 'an end was not stored');
      return false;
    }
  }
}
