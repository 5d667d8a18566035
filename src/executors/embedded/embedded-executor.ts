import type { JobOutcome } from '../../domain/job.ts';
import { jobError } from '../../domain/job-error.ts';
import type { Driver, DriverJob, DriverJobObserver } from '../../drivers/driver.ts';
import type { Execution, ExecutionObserver, Executor } from '../executor.ts';

/** Runs jobs on the driver that the server itself is. */
export class EmbeddedExecutor implements Executor {
  readonly kind = 'embedded';
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

const toDriverJob = ({ job, request, resultDir, maxResultBytes }: Execution): DriverJob => {
  const code = request.code ?? '';
  return {
    jobId: job.id,
    kind: 'sql',
    sessionId: job.sessionId,
    code,
    parameters: request.parameters,
    settings: request.sparkConfig,
    pool: request.pool,
    description: request.description ?? request.name ?? code.trim().slice(0, SHOWN),
    rowLimit: request.rowLimit,
    maxResultBytes,
    onOverflow: request.onOverflow,
    resultDir,
  };
};

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
