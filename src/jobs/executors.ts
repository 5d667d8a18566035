import type { ExecutorKind, Job } from '../domain/job.ts';
import type { Executor } from '../executors/executor.ts';

/** The ways to run jobs that this server has, by their kinds. */
export class Executors {
  readonly #byKind: ReadonlyMap<ExecutorKind, Executor>;

  constructor(executors: readonly Executor[]) {
    this.#byKind = new Map(executors.map((executor) => [executor.kind, executor]));
  }

  of(job: Job): Executor {
    const executor = this.#byKind.get(job.executor);
    if (executor === undefined) throw new Error(`this server has no executor ${job.executor}`);
    return executor;
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
