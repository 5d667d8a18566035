import type { JobKind, JobOutcome, JobRequest } from '../../domain/job.ts';
import { jobError } from '../../domain/job-error.ts';
import {
  DRIVER_JOB_KINDS,
  type Driver,
  type DriverJob,
  type DriverJobKind,
  type DriverJobObserver,
} from '../../drivers/driver.ts';
import type { Execution, ExecutionObserver, Executor } from '../executor.ts';

/** Runs jobs on the driver that the server itself is. */
export class EmbeddedExecutor implements Executor {
  readonly kind = 'embedded';
  readonly survivesServer = false;
  readonly #driver: Driver;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  start(execution: Execution, observer: ExecutionObserver): void {
    const end = once(observer);
    try {
      this.#driver.submit(toDriverJob(execution), toDriverObserver(observer, end));
    } catch (error) {
      const message = error instanceof Error ? error.message : 'the driver refused the job';
      const told = `The driver did not take the job: ${message}`;
      end({ state: 'LOST', error: jobError('DRIVER_LOST', told, true) });
    }
  }

  cancel(jobId: string): void {
    this.#driver.cancel(jobId);
  }
}

/** What Spark shows where the request does not say it. */
const SHOWN = 200;

const toDriverJob = (execution: Execution): DriverJob => {
  const { job, request, program, resultDir, maxResultBytes, maxLogBytes } = execution;
  return {
    jobId: job.id,
    kind: driverKind(request.kind),
    sessionId: job.sessionId,
    code: request.code,
    parameters: request.parameters,
    filePath: program?.location ?? null,
    mainClass: request.mainClass,
    args: request.args,
    context: request.context,
    settings: request.sparkConfig,
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
): DriverJobObserver => ({
  started: () => observer.started(),
  progress: (fraction) => observer.progress(fraction),
  log: (stream, text) => observer.log(stream, text),
  // Both come with the result: nobody reads a part of one.
  schema: () => {},
  rows: () => {},
  succeeded: (result) => end({ state: 'SUCCESS', result }),
  failed: (error) => end({ state: 'FAILED', error }),
  cancelled: () => end({ state: 'CANCELLED', error: null }),
  lost: (error) => end({ state: 'LOST', error }),
});

const once = (observer: ExecutionObserver): ((outcome: JobOutcome) => void) => {
  let ended = false;
  return (outcome) => {
    if (ended) return;
    ended = true;
    observer.ended(outcome);
  };
};
