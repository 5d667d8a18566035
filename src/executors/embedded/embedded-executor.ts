import type { JobKind, JobOutcome, JobRequest } from '../../domain/job.ts';
import { jobError } from '../../domain/job-error.ts';
import { DEFAULT_SESSION } from '../../domain/session.ts';
import {
  DRIVER_JOB_KINDS,
  type Driver,
  type DriverJob,
  type DriverJobKind,
  type DriverJobObserver,
} from '../../drivers/driver.ts';
import type { Execution, ExecutionObserver, Executor } from '../executor.ts';
import { withHint } from './own-driver-hint.ts';

/**
 * Runs jobs on a driver that this server holds: that of their session (`embedded`), or one that
 * was made for the statement (`driver`).
 */
export class EmbeddedExecutor implements Executor {
  readonly kind: 'embedded' | 'driver';
  readonly survivesServer = false;
  /** Where each job runs, for its cancel. */
  readonly #drivers = new Map<string, Driver>();

  constructor(kind: 'embedded' | 'driver') {
    this.kind = kind;
  }

  start(execution: Execution, observer: ExecutionObserver): void {
    const { job, driver } = execution;
    const own = this.kind === 'driver';
    const end = once(observer, () => this.#drivers.delete(job.id));
    try {
      if (driver === null) throw new Error('there is none');
      this.#drivers.set(job.id, driver);
      driver.submit(toDriverJob(execution, own), toDriverObserver(observer, end, own));
    } catch (error) {
      const message = error instanceof Error ? error.message : 'the driver refused the job';
      const told = `The driver did not take the job: ${message}`;
      end({ state: 'LOST', error: jobError('DRIVER_LOST', told, true) });
    }
  }

  cancel(jobId: string): void {
    this.#drivers.get(jobId)?.cancel(jobId);
  }
}

/** What Spark shows where the request does not say it. */
const SHOWN = 200;

const toDriverJob = (execution: Execution, own: boolean): DriverJob => {
  const { job, request, program, resultDir, maxResultBytes, maxLogBytes } = execution;
  return {
    jobId: job.id,
    kind: driverKind(request.kind),
    sessionId: own ? DEFAULT_SESSION : job.sessionId,
    code: request.code,
    parameters: request.parameters,
    filePath: program?.location ?? null,
    mainClass: request.mainClass,
    args: request.args,
    context: request.context,
    // A driver of its own has them in its configuration.
    settings: own ? {} : request.sparkConfig,
    pool: request.pool,
    description: request.description ?? request.name ?? shown(request),
    rowLimit: request.rowLimit,
    maxResultBytes,
    maxLogBytes,
    onOverflow: request.onOverflow,
    resultDir,
  };
};

const driverKind = (kind: JobKind): DriverJobKind => {
  const known = DRIVER_JOB_KINDS.find((each) => each === kind);
  if (known === undefined) throw new Error(`it runs no jobs of kind ${kind}`);
  return known;
};

const shown = ({ code, mainClass }: JobRequest): string =>
  (code ?? mainClass ?? '').trim().slice(0, SHOWN);

const toDriverObserver = (
  observer: ExecutionObserver,
  end: (outcome: JobOutcome) => void,
  own: boolean,
): DriverJobObserver => ({
  started: () => observer.started(),
  progress: (fraction) => observer.progress(fraction),
  waitsFor: (waitingFor) => observer.waitsFor(waitingFor),
  log: (stream, text) => observer.log(stream, text),
  // Both come with the result: nobody reads a part of one.
  schema: () => {},
  rows: () => {},
  succeeded: (result) => end({ state: 'SUCCESS', result }),
  failed: (error) => end({ state: 'FAILED', error: own ? withHint(error) : error }),
  cancelled: () => end({ state: 'CANCELLED', error: null }),
  lost: (error) => end({ state: 'LOST', error }),
});

const once = (observer: ExecutionObserver, onEnd: () => void): ((outcome: JobOutcome) => void) => {
  let ended = false;
  return (outcome) => {
    if (ended) return;
    ended = true;
    onEnd();
    observer.ended(outcome);
  };
};
