import { jobError } from '../domain/job-error.ts';
import type { HealthService } from '../sessions/health-service.ts';
import type { Clock } from '../util/clock.ts';
import { within } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { ActiveJob, ActiveJobs } from './active-jobs.ts';
import type { Executors } from './executors.ts';
import type { HistorySweeper } from './history-sweeper.ts';
import type { JobLog } from './job-log.ts';
import type { JobMachine } from './job-machine.ts';
import type { Lanes } from './lanes.ts';
import { mayRetry } from './retry-policy.ts';

export interface DrainOptions {
  readonly machine: JobMachine;
  readonly jobs: ActiveJobs;
  readonly lanes: Lanes;
  readonly executors: Executors;
  readonly sweeper: HistorySweeper;
  readonly health: HealthService;
  readonly jobLog: JobLog;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long the last writes may take when the deadline has passed. */
const LAST_WRITES_MS = 2000;

/**
 * The end of the core: what runs on the driver may finish, what waits stays QUEUED on disk for the
 * next start, and programs of their own go on without a server until it takes them up again.
 */
export class Drain {
  readonly #options: DrainOptions;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  /** `halt` keeps jobs that still wait from starting, `giveUp` ends repeated writes. */
  async run(deadlineMs: number, halt: () => void, giveUp: () => void): Promise<void> {
    const { lanes, executors, jobs, machine, sweeper, health, jobLog, clock, log } = this.#options;
    lanes.pause('drain');
    health.stop();
    // Who waits for a job that runs may still get its end; what is queued will not start any more.
    for (const active of jobs.all()) if (active.job.state === 'QUEUED') machine.release(active);
    await within(clock, deadlineMs, lanes.driversIdle(), null);

    halt();
    const left = this.#running();
    if (left.length > 0) log.warn({ jobs: left.length }, 'jobs still run: the server stops now');
    const written = Promise.allSettled(left.map((active) => this.#lose(active)));
    await within(clock, LAST_WRITES_MS, written, null);
    giveUp();
    await within(clock, LAST_WRITES_MS, executors.release(), null);
    for (const active of jobs.all()) {
      machine.release(active);
      active.timer?.cancel();
      active.events.abandon();
    }
    await within(clock, LAST_WRITES_MS, Promise.all([sweeper.stop(), jobLog.closeAll()]), null);
  }

  /** What ends with the server. */
  #running(): readonly ActiveJob[] {
    const { jobs, executors } = this.#options;
    return jobs.all().filter(({ job }) => job.state === 'RUNNING' && !executors.survives(job));
  }

  #lose(active: ActiveJob): Promise<boolean> {
    const { machine } = this.#options;
    const { request, job, cancelCause, lease } = active;
    const again =
      lease.closing === null && mayRetry({ request, attempt: job.attempt, cancelCause }, 'LOST');
    if (again) return machine.retry(active);
    const error = jobError('SERVER_STOPPED', 'The server stopped while the job ran.', true);
    return machine.end(active, 'RUNNING', { state: 'LOST', error });
  }
}
