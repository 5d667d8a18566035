import { Problem } from '../domain/errors.ts';
import type { JobOutcome, JobRequest } from '../domain/job.ts';
import { jobError } from '../domain/job-error.ts';
import { changesSession } from '../domain/sql-text.ts';
import type { Execution, ExecutionObserver } from '../executors/executor.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import { StoreUnavailableError } from '../store/store.ts';
import { backoffDelay } from '../util/backoff.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { ActiveJob, ActiveJobs } from './active-jobs.ts';
import type { Executors } from './executors.ts';
import type { JobLog } from './job-log.ts';
import type { JobMachine } from './job-machine.ts';
import type { JobStopper } from './job-stopper.ts';
import type { Lanes } from './lanes.ts';
import type { Line } from './line.ts';
import { locateProgram, type ProgramSource } from './program-source.ts';
import type { ResultFolders } from './result-folders.ts';
import { mayRetry, RETRY_BACKOFF } from './retry-policy.ts';
import { turnKey } from './turns.ts';

export interface JobRunnerOptions {
  readonly machine: JobMachine;
  readonly stopper: JobStopper;
  readonly jobs: ActiveJobs;
  readonly lanes: Lanes;
  readonly executors: Executors;
  readonly programs: ProgramSource;
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

type Located = Pick<Execution, 'program' | 'request'>;

/** Takes a job from its turn in the queue to its end: what happens to it is up to the job machine. */
export class JobRunner {
  readonly #options: JobRunnerOptions;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  /** The job has its turn in this line. Never throws. */
  launch(line: Line, jobId: string): void {
    const active = this.#options.jobs.get(jobId);
    if (active === undefined) line.done(jobId);
    else void this.#launch(active, line);
  }

  /** Goes on with a program that a former server has started, or was about to. */
  takeUp(active: ActiveJob): void {
    const { executors } = this.#options;
    const { job, request, line } = active;
    line.occupy(job.id, request.pool);
    const handOver = (located: Located): void => {
      this.#handOver(active, located);
      if (active.cancelCause !== null) executors.of(job).cancel(job.id);
    };
    // What runs needs its file no more.
    this.#locate(active).then(handOver, () => handOver({ program: null, request }));
  }

  async #launch(active: ActiveJob, line: Line): Promise<void> {
    const { machine, stopper, log, signal } = this.#options;
    const { id, sessionId } = active.job;
    let located: Located;
    try {
      located = await this.#prepare(active);
      if (signal.aborted) return;
      await stopper.placeClosed(active);
      if (!(await machine.start(active))) {
        line.done(id);
        return;
      }
    } catch (error) {
      await this.#notStarted(active, line, error);
      return;
    }
    if (active.cancelCause !== null) {
      await this.#settle(active, { state: 'CANCELLED', error: null });
      return;
    }
    log.debug({ jobId: id, sessionId }, 'job starts');
    this.#handOver(active, located);
  }

  /** All that may wait or fail, before the job counts as running. */
  async #prepare(active: ActiveJob): Promise<Located> {
    const { sessions, results } = this.#options;
    const { id, sessionId, attempt } = active.job;
    if (active.lease.handle !== null) {
      await sessions.open(sessionId);
      if (mayChangeSession(active.request)) await sessions.markStateful(sessionId);
    }
    if (attempt > 1) await results.remove(id);
    return this.#locate(active);
  }

  /** Again, after the check at submission, which has settled whose files it may name: it may have gone since. */
  #locate({ job, request }: ActiveJob): Promise<Located> {
    const owner = { name: job.owner, roles: ['operator'] } as const;
    return locateProgram(this.#options.programs, owner, request);
  }

  #handOver(active: ActiveJob, located: Located): void {
    const { executors, stopper, results, jobLog, maxResultBytes, clock } = this.#options;
    const { maxRuntimeMs } = active.request;
    const { job } = active;
    if (maxRuntimeMs !== null) {
      const runsSince = job.startedAt ?? clock.now();
      const left = Math.max(0, runsSince + maxRuntimeMs - clock.now());
      active.timer = clock.after(left, () => {
        void stopper.stop(active, 'TIMED_OUT');
      });
    }
    active.handedOver = true;
    this.#tellApplication(active);
    executors.of(job).start(
      {
        ...located,
        job,
        driver: active.driver?.driver ?? null,
        resultDir: results.path(job.id),
        maxResultBytes,
        logDir: jobLog.folder(job.id),
        maxLogBytes: jobLog.maxBytes,
      },
      this.#observe(active),
    );
  }

  /** A statement with a driver of its own has an application of its own. */
  #tellApplication(active: ActiveJob): void {
    const info = active.dedicated?.handle.gate.info ?? null;
    if (info === null) return;
    const application = { applicationId: info.appId, sparkUiUrl: info.uiUrl };
    this.#told(active, this.#options.machine.application(active, application));
  }

  /** Its turn comes again when the store or the driver is back; what else fails is the job's. */
  async #notStarted(active: ActiveJob, line: Line, fault: unknown): Promise<void> {
    const { machine, stopper, lanes, clock, log } = this.#options;
    const { id } = active.job;
    // What ended its session or its driver says better why.
    await stopper.placeClosed(active);
    if (active.job.state !== 'QUEUED') {
      line.done(id);
    } else if (fault instanceof StoreUnavailableError) {
      lanes.pause(NO_STORE);
      line.putBack(id);
      clock.after(STORE_PAUSE_MS, () => lanes.resume(NO_STORE));
    } else if (active.driver?.gate.ready === false) {
      line.putBack(id);
    } else {
      log.warn({ err: fault, jobId: id }, 'job could not be started');
      const code = fault instanceof Problem ? 'PROGRAM_NOT_STARTED' : 'EXECUTION_FAILED';
      const error = jobError(code, `The job could not be started: ${textOf(fault)}`);
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
      application: (application) => {
        if (current()) this.#told(active, machine.application(active, application));
      },
      waitsFor: (waitingFor) => {
        if (current()) this.#told(active, machine.waitsFor(active, waitingFor));
      },
      ended: (outcome) => {
        if (!current()) return;
        active.handedOver = false;
        void this.#settle(active, outcome);
      },
    };
  }

  /** Clients see it already; that the disk has it as well matters after a restart alone. */
  #told(active: ActiveJob, stored: Promise<void>): void {
    stored.catch((error: unknown) => {
      this.#options.log.warn(
        { err: error, jobId: active.job.id },
        'a note of a job was not stored',
      );
    });
  }

  /** The attempt is over: the end, or the next attempt. */
  async #settle(active: ActiveJob, told: JobOutcome): Promise<void> {
    const { machine, results } = this.#options;
    const outcome = asAskedFor(active, told);
    active.timer?.cancel();
    active.timer = null;
    if (active.job.state !== 'RUNNING') return;
    if (this.#runsAgain(active, outcome)) {
      const retried = await this.#stored(active, machine.retry(active));
      if (retried) await this.#forget(active);
      active.line.done(active.job.id);
      if (retried) this.#nextAttempt(active);
      return;
    }
    if (outcome.state === 'SUCCESS') results.added(outcome.result.byteCount);
    if (await this.#stored(active, machine.end(active, 'RUNNING', outcome))) {
      await this.#forget(active);
    }
    if (outcome.state !== 'SUCCESS') await results.remove(active.job.id).catch(() => {});
  }

  /** Not before the end is stored: a server that dies in between has to find how it was. */
  async #forget({ job }: ActiveJob): Promise<void> {
    const { executors, log } = this.#options;
    await executors.forget(job).catch((error: unknown) => {
      log.warn(
        { err: error, jobId: job.id },
        'what an executor kept of a job could not be removed',
      );
    });
  }

  #runsAgain(active: ActiveJob, outcome: JobOutcome): boolean {
    const { request, cancelCause, lease, job } = active;
    if (lease.closing?.code === 'SESSION_DELETED') return false;
    if (lease.closing !== null && lease.handle !== null) return false;
    return mayRetry({ request, attempt: job.attempt, cancelCause }, outcome.state);
  }

  #nextAttempt(active: ActiveJob): void {
    const { clock, stopper, log } = this.#options;
    const { id, attempt, request } = active.job;
    log.info({ jobId: id, attempt }, 'job will run again');
    active.timer = clock.after(backoffDelay(RETRY_BACKOFF, attempt - 1), () => {
      if (active.job.state !== 'QUEUED') return;
      active.line.enqueue(id, request.pool, turnKey(active.job));
    });
    void stopper.placeClosed(active);
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

/** The driver of a deleted session is ended under jobs that resist: that was asked for. */
const asAskedFor = ({ lease }: ActiveJob, told: JobOutcome): JobOutcome =>
  told.state === 'LOST' && lease.closing?.code === 'SESSION_DELETED'
    ? { state: 'CANCELLED', error: null }
    : told;

/** What Python leaves in its session cannot be told from its text. */
const mayChangeSession = ({ kind, code }: JobRequest): boolean =>
  kind === 'python' || (kind === 'sql' && changesSession(code ?? ''));

const textOf = (fault: unknown): string =>
  fault instanceof Error ? fault.message : 'the driver refused it';
