import type { JobOutcome } from '../domain/job.ts';
import { jobError } from '../domain/job-error.ts';
import { changesSession } from '../domain/sql-text.ts';
import type { ExecutionObserver, Executor } from '../executors/executor.ts';
import type { DriverGate } from '../sessions/driver-gate.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import { StoreUnavailableError } from '../store/store.ts';
import { backoffDelay } from '../util/backoff.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { ActiveJob, ActiveJobs } from './active-jobs.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { JobLog } from './job-log.ts';
import type { JobMachine } from './job-machine.ts';
import type { JobStopper } from './job-stopper.ts';
import type { ResultFolders } from './result-folders.ts';
import { mayRetry, RETRY_BACKOFF } from './retry-policy.ts';

export interface JobRunnerOptions {
  readonly machine: JobMachine;
  readonly stopper: JobStopper;
  readonly gate: DriverGate;
  readonly jobs: ActiveJobs;
  readonly dispatcher: Dispatcher;
  readonly executor: Executor;
  readonly sessions: SessionRegistry;
  readonly jobLog: JobLog;
  readonly results: ResultFolders;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxResultBytes: number;
  /** Set when the server stops: nothing more is started. */
  readonly signal: AbortSignal;
}

const STORE_PAUSE_MS = 1000;
const NO_STORE = 'store';

/** Takes a job from its turn in the queue to its end: what happens to it is up to the job machine. */
export class JobRunner {
  readonly #options: JobRunnerOptions;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  /** The job has its turn. Never throws. */
  launch(jobId: string): void {
    const active = this.#options.jobs.get(jobId);
    if (active === undefined) this.#options.dispatcher.done(jobId);
    else void this.#launch(active);
  }

  async #launch(active: ActiveJob): Promise<void> {
    const { machine, dispatcher, stopper, log, signal } = this.#options;
    const { id, sessionId } = active.job;
    try {
      await this.#prepare(active);
      if (signal.aborted) return;
      if (active.lease.closing !== null) await stopper.leaseClosed(active, active.lease.closing);
      if (!(await machine.start(active))) {
        dispatcher.done(id);
        return;
      }
    } catch (error) {
      await this.#notStarted(active, error);
      return;
    }
    if (active.cancelCause !== null) {
      await this.#settle(active, { state: 'CANCELLED', error: null });
      return;
    }
    log.debug({ jobId: id, sessionId }, 'job starts');
    this.#handOver(active);
  }

  /** All that may wait or fail, before the job counts as running. */
  async #prepare(active: ActiveJob): Promise<void> {
    const { sessions, results } = this.#options;
    const { sessionId, attempt } = active.job;
    await sessions.open(sessionId);
    const { kind, code } = active.request;
    if (kind === 'sql' && changesSession(code ?? '')) await sessions.markStateful(sessionId);
    if (attempt > 1) await results.remove(active.job.id);
  }

  #handOver(active: ActiveJob): void {
    const { executor, stopper, results, maxResultBytes, clock } = this.#options;
    const { maxRuntimeMs } = active.request;
    if (maxRuntimeMs !== null) {
      active.timer = clock.after(maxRuntimeMs, () => {
        void stopper.stop(active, 'TIMED_OUT');
      });
    }
    active.handedOver = true;
    executor.start(
      {
        job: active.job,
        request: active.request,
        program: null,
        resultDir: results.path(active.job.id),
        maxResultBytes,
        logDir: this.#options.jobLog.folder(active.job.id),
        maxLogBytes: this.#options.jobLog.maxBytes,
      },
      this.#observe(active),
    );
  }

  /** Its turn comes again when the store or the driver is back; what else fails is the job's. */
  async #notStarted(active: ActiveJob, fault: unknown): Promise<void> {
    const { machine, dispatcher, gate, clock, log } = this.#options;
    const { id } = active.job;
    if (active.job.state !== 'QUEUED') {
      dispatcher.done(id);
    } else if (fault instanceof StoreUnavailableError) {
      dispatcher.pause(NO_STORE);
      dispatcher.putBack(id);
      clock.after(STORE_PAUSE_MS, () => dispatcher.resume(NO_STORE));
    } else if (!gate.ready) {
      dispatcher.putBack(id);
    } else {
      log.error({ err: fault, jobId: id }, 'job could not be started');
      const error = jobError('EXECUTION_FAILED', `The job could not be started: ${textOf(fault)}`);
      await this.#stored(active, machine.end(active, 'QUEUED', { state: 'FAILED', error }));
    }
  }

  #observe(active: ActiveJob): ExecutionObserver {
    const { machine, jobLog } = this.#options;
    const { id, attempt } = active.job;
    // What a former attempt still says is of no interest.
    const current = (): boolean => active.handedOver && active.job.attempt === attempt;
    return {
      started: () => {},
      progress: (fraction) => {
        if (current()) machine.progress(active, fraction);
      },
      log: (stream, text) => {
        if (!current()) return;
        jobLog.append(id, stream, text);
        active.events.log(stream, text);
      },
      wrote: (stream, text) => {
        if (current()) active.events.log(stream, text);
      },
      application: () => {},
      waitsFor: () => {},
      ended: (outcome) => {
        if (!current()) return;
        active.handedOver = false;
        void this.#settle(active, outcome);
      },
    };
  }

  /** The attempt is over: the end, or the next attempt. */
  async #settle(active: ActiveJob, outcome: JobOutcome): Promise<void> {
    const { machine, results } = this.#options;
    active.timer?.cancel();
    active.timer = null;
    if (active.job.state !== 'RUNNING') return;
    if (this.#runsAgain(active, outcome)) {
      const retried = await this.#stored(active, machine.retry(active));
      this.#options.dispatcher.done(active.job.id);
      if (retried) this.#nextAttempt(active);
      return;
    }
    if (outcome.state === 'SUCCESS') results.added(outcome.result.byteCount);
    await this.#stored(active, machine.end(active, 'RUNNING', outcome));
    if (outcome.state !== 'SUCCESS') await results.remove(active.job.id).catch(() => {});
  }

  #runsAgain(active: ActiveJob, outcome: JobOutcome): boolean {
    const { request, cancelCause, lease, job } = active;
    if (lease.closing !== null) return false;
    return mayRetry({ request, attempt: job.attempt, cancelCause }, outcome.state);
  }

  #nextAttempt(active: ActiveJob): void {
    const { clock, dispatcher, stopper, log } = this.#options;
    const { id, attempt, request } = active.job;
    log.info({ jobId: id, attempt }, 'job will run again');
    active.timer = clock.after(backoffDelay(RETRY_BACKOFF, attempt - 1), () => {
      if (active.job.state === 'QUEUED') dispatcher.enqueue(id, request.pool);
    });
    if (active.lease.closing !== null) void stopper.leaseClosed(active, active.lease.closing);
  }

  async #stored(active: ActiveJob, written: Promise<boolean>): Promise<boolean> {
    try {
      return await written;
    } catch (error) {
      this.#options.log.error({ err: error, jobId: active.job.id }, 'a state was not stored');
      return false;
    }
  }
}

const textOf = (fault: unknown): string =>
  fault instanceof Error ? fault.message : 'the driver refused it';
