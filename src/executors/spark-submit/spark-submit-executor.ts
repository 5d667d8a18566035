import type { Execution, ExecutionObserver, Executor } from '../executor.ts';
import type { SparkSubmitOptions } from './options.ts';
import { ProgramFolder, programsIn, removeProgram } from './program-folder.ts';
import { ProgramRun } from './program-run.ts';

/**
 * Runs programs through spark-submit, each in processes of its own that need no server. What is to
 * be known of an attempt lies in its folder, so that any later server can go on from there.
 */
export class SparkSubmitExecutor implements Executor {
  readonly kind = 'spark-submit';
  readonly survivesServer = true;
  readonly #options: SparkSubmitOptions;
  readonly #runs = new Map<string, ProgramRun>();

  constructor(options: SparkSubmitOptions) {
    this.#options = options;
  }

  start(execution: Execution, observer: ExecutionObserver): void {
    const { id, attempt } = execution.job;
    const run = new ProgramRun({
      options: this.#options,
      ports: this.#options.ports,
      folder: new ProgramFolder(this.#options.workDir, id, attempt),
      execution,
      observer,
      over: () => {
        if (this.#runs.get(id) === run) this.#runs.delete(id);
      },
    });
    this.#runs.set(id, run);
    void run.begin();
  }

  cancel(jobId: string): void {
    this.#runs.get(jobId)?.cancel();
  }

  async forget(jobId: string): Promise<void> {
    if (!this.#runs.has(jobId)) await removeProgram(this.#options.workDir, jobId);
  }

  async sweep(activeJobs: ReadonlySet<string>): Promise<void> {
    for (const jobId of await programsIn(this.#options.workDir)) {
      if (!activeJobs.has(jobId)) await this.forget(jobId);
    }
  }

  async release(): Promise<void> {
    await Promise.all([...this.#runs.values()].map((run) => run.release()));
    this.#runs.clear();
  }
}
