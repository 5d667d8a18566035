import { join } from 'node:path';
import type { JobOutcome } from '../../domain/job.ts';
import { type LogTail, readHead } from '../../processes/log-tail.ts';
import { isAlive, type ProcessIdentity } from '../../processes/processes.ts';
import type { Execution, ExecutionObserver } from '../executor.ts';
import { ClusterDriver } from './cluster-driver.ts';
import type { SparkSubmitOptions } from './options.ts';
import type { ProgramFolder, ProgramRecord, ProgramStatus } from './program-folder.ts';
import { lost, outcomeOfExit } from './program-outcome.ts';
import { ProgramProcesses } from './program-processes.ts';
import { submissionIn } from './standalone-master.ts';

export interface ProgramWatchInput {
  readonly folder: ProgramFolder;
  readonly execution: Execution;
  readonly observer: ExecutionObserver;
  readonly options: SparkSubmitOptions;
  readonly record: ProgramRecord;
  readonly wrapper: ProcessIdentity;
  readonly tails: readonly LogTail[];
}

/** How long the script may take to write what is left of the output. */
const LAST_OUTPUT_MS = 5000;
const LOOKED_THROUGH = 1024 * 1024;
const CANCELLED: JobOutcome = { state: 'CANCELLED', error: null };

/** A program that was started, seen from outside: each look may bring its end a step nearer. */
export class ProgramWatch {
  readonly #input: ProgramWatchInput;
  readonly #processes: ProgramProcesses;
  #status: ProgramStatus | null = null;
  /** When a program that was asked to end is made to. */
  #deadline: number | null = null;
  #endedAt: number | null = null;
  #driver: ClusterDriver | null = null;

  constructor(input: ProgramWatchInput) {
    this.#input = input;
    this.#processes = new ProgramProcesses(input.folder, input.wrapper);
  }

  /** The outcome, when nothing is left of the program; null when there has to be another look. */
  async look(cancelled: boolean): Promise<JobOutcome | null> {
    const { folder, wrapper, tails } = this.#input;
    const alive = await isAlive(wrapper);
    for (const tail of tails) await tail.advance();
    await this.#tellStatus();
    // Read after the look at the wrapper, which writes it before it goes.
    const exitCode = await folder.exitCode();
    if (exitCode !== null) return this.#finish(exitCode, alive, cancelled);
    if (!alive) return this.#finish(null, alive, cancelled);
    if (cancelled) await this.#press();
    return null;
  }

  /** Politely, then hard. */
  async #press(): Promise<void> {
    const { clock, killGraceMs } = this.#input.options;
    if (this.#deadline === null) {
      // A submission goes on to its end, or nobody knew which driver it has made on the cluster.
      const asked = this.#input.record.cluster !== null || (await this.#processes.ask());
      if (asked) this.#deadline = clock.now() + killGraceMs;
    } else if (clock.now() >= this.#deadline) {
      await this.#processes.kill(false);
    }
  }

  async #finish(
    exitCode: number | null,
    alive: boolean,
    cancelled: boolean,
  ): Promise<JobOutcome | null> {
    const { clock } = this.#input.options;
    this.#endedAt ??= clock.now();
    const patient = alive && clock.now() < this.#endedAt + LAST_OUTPUT_MS;
    const left = await this.#processes.kill(!patient);
    if (left > 0 || patient) return null;
    for (const tail of this.#input.tails) await tail.advance();
    if (this.#input.record.cluster !== null) {
      const outcome = await this.#onCluster(this.#input.record.cluster, cancelled);
      if (outcome !== 'none') return outcome;
    }
    if (cancelled && (exitCode === null || this.#deadline !== null)) return CANCELLED;
    return exitCode === null ? this.#lost() : this.#outcome(exitCode);
  }

  /** Where the driver is on the cluster, its state is the program's; `none` when there is no driver. */
  async #onCluster(master: string, cancelled: boolean): Promise<JobOutcome | null | 'none'> {
    const { execution, observer, record } = this.#input;
    if (this.#driver === null) {
      const stderr = join(execution.logDir, 'stderr.log');
      const { text } = await readHead(stderr, record.logStart.stderr, LOOKED_THROUGH);
      const submission = submissionIn(text);
      if (submission === null) return 'none';
      this.#driver = new ClusterDriver(master, submission);
      observer.application({ applicationId: submission, sparkUiUrl: null });
    }
    return this.#driver.look(cancelled);
  }

  async #tellStatus(): Promise<void> {
    const { folder, observer } = this.#input;
    const status = await folder.status();
    const former = this.#status;
    if (status === null) return;
    const { applicationId, sparkUiUrl, starved } = status;
    if (applicationId !== former?.applicationId || sparkUiUrl !== former.sparkUiUrl) {
      observer.application({ applicationId, sparkUiUrl });
    }
    if (starved !== (former?.starved ?? false)) observer.waitsFor(starved ? 'EXECUTORS' : null);
    this.#status = status;
  }

  async #outcome(exitCode: number): Promise<JobOutcome> {
    const { execution, record, folder } = this.#input;
    return outcomeOfExit({
      exitCode,
      output: {
        stdout: join(execution.logDir, 'stdout.log'),
        stderr: join(execution.logDir, 'stderr.log'),
        start: record.logStart,
      },
      location: execution.program?.location ?? null,
      failure: await folder.failure(),
    });
  }

  #lost(): JobOutcome {
    return lost(
      'The processes of the program ended without telling how; the machine may have been restarted.',
    );
  }
}
