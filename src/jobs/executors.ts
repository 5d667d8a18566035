import type { ExecutorKind, Job } from '../domain/job.ts';
import { jobError } from '../domain/job-error.ts';
import type { Executor } from '../executors/executor.ts';

/** The ways to run jobs that this server has, by their kinds. */
export class Executors {
  readonly #byKind: ReadonlyMap<ExecutorKind, Executor>;

  constructor(executors: readonly Executor[]) {
    this.#byKind = new Map(executors.map((executor) => [executor.kind, executor]));
  }

  of(job: Job): Executor {
    const executor = this.#byKind.get(job.executor);
    return executor ?? missing(job.executor);
  }

  survives(job: Job): boolean {
    return this.#byKind.get(job.executor)?.survivesServer ?? false;
  }

  /** The end of an attempt is stored. */
  async forget(job: Job): Promise<void> {
    await this.#byKind.get(job.executor)?.forget?.(job.id);
  }

  /** Of all jobs but these, nothing has to be taken up. */
  async sweep(activeJobs: ReadonlySet<string>): Promise<void> {
    await Promise.all([...this.#byKind.values()].map((each) => each.sweep?.(activeJobs)));
  }

  /** The server ends: what lives on is no longer watched. */
  async release(): Promise<void> {
    await Promise.all([...this.#byKind.values()].map((executor) => executor.release?.()));
  }
}

/** Of a kind that only another version of the server knows: its jobs end here, and say so. */
const missing = (kind: ExecutorKind): Executor => ({
  kind,
  survivesServer: false,
  start: (_execution, observer) => {
    const error = jobError('INTERNAL', `This server has no executor ${kind}.`);
    observer.ended({ state: 'FAILED', error });
  },
  cancel: () => {},
});
