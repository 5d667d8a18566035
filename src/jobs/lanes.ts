import type { ExecutorKind, Job, WaitingFor } from '../domain/job.ts';
import type { Dispatcher, Load } from './dispatcher.ts';

/**
 * The two lines in which jobs wait: for the driver, and for a program of their own. Neither holds
 * up the other.
 */
export class Lanes {
  readonly driver: Dispatcher;
  readonly programs: Dispatcher;

  constructor(driver: Dispatcher, programs: Dispatcher) {
    this.driver = driver;
    this.programs = programs;
  }

  of(executor: ExecutorKind): Dispatcher {
    return executor === 'spark-submit' ? this.programs : this.driver;
  }

  waitingFor(job: Job): WaitingFor | null {
    return this.of(job.executor).waitingFor(job.id);
  }

  get load(): Load {
    return sum(this.driver.load, this.programs.load);
  }

  loadOf(pool: string): Load {
    return sum(this.driver.loadOf(pool), this.programs.loadOf(pool));
  }

  /** Nothing new starts until every reason is taken back. */
  pause(reason: string): void {
    this.driver.pause(reason);
    this.programs.pause(reason);
  }

  resume(reason: string): void {
    this.driver.resume(reason);
    this.programs.resume(reason);
  }
}

const sum = (a: Load, b: Load): Load => ({
  running: a.running + b.running,
  queued: a.queued + b.queued,
});
