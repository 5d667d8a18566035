import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { JobError, JobOutcome } from '../../domain/job.ts';
import { jobError } from '../../domain/job-error.ts';
import { LogTail, sizeOf } from '../../processes/log-tail.ts';
import type { PortSlots } from '../../processes/port-slots.ts';
import type { Timer } from '../../util/clock.ts';
import type { Execution, ExecutionObserver } from '../executor.ts';
import type { SparkSubmitOptions } from './options.ts';
import type { ProgramFolder, ProgramRecord } from './program-folder.ts';
import { launch } from './program-launch.ts';
import { failed } from './program-outcome.ts';
import { ProgramWatch } from './program-watch.ts';

export interface ProgramRunInput {
  readonly options: SparkSubmitOptions;
  readonly ports: PortSlots;
  readonly folder: ProgramFolder;
  readonly execution: Execution;
  readonly observer: ExecutionObserver;
  /** Called when this object watches no longer. */
  readonly over: () => void;
}

const LOOK_MS = 200;
const LOOK_FOR_START_MS = 20;
const AGAIN_MS = 1000;
const NO_RECORD: ProgramRecord = { slot: 0, logStart: { stdout: 0, stderr: 0 }, cluster: null };

/**
 * Watches one attempt from its folder, whoever has started it. The folder says how far it is:
 *
 *   no `started`          nobody has run it, and it is run
 *   `started`             its wrapper lives, and is watched
 *   `exit`                it has ended with this code
 *   neither, and no wrapper   nobody can tell how it ended: LOST
 *   `outcome.json`        all of this was settled, and perhaps not stored
 */
export class ProgramRun {
  readonly #input: ProgramRunInput;
  #cancelled = false;
  #released = false;
  #timer: Timer | null = null;
  #looking: Promise<void> = Promise.resolve();
  #slot: number | null = null;

  constructor(input: ProgramRunInput) {
    this.#input = input;
  }

  begin(): Promise<void> {
    this.#looking = this.#insist(() => this.#begin());
    return this.#looking;
  }

  cancel(): void {
    this.#cancelled = true;
  }

  async release(): Promise<void> {
    this.#released = true;
    this.#timer?.cancel();
    await this.#looking;
  }

  async #begin(): Promise<void> {
    const { folder, ports } = this.#input;
    const stored = await folder.outcome();
    if (stored !== null) return this.#tell(stored);
    const isNew = (await folder.started()) === null;
    const known = await folder.record();
    if (this.#slot !== null) ports.give(this.#slot);
    const place = ports.take(known?.slot ?? null);
    this.#slot = place.slot;
    let child: ChildProcess | null = null;
    if (isNew && !this.#cancelled) {
      try {
        child = await launch(this.#input.execution, folder, place, this.#input.options);
      } catch (error) {
        if (await folder.forbid()) return this.#end(failed(notStarted(error)));
      }
    }
    await this.#awaitStart(child, isNew);
  }

  /** The program begins, here or in the hands of a script that a former server has left. */
  async #awaitStart(child: ChildProcess | null, isNew: boolean): Promise<void> {
    const { folder, observer, execution, options } = this.#input;
    const wrapper = await folder.started();
    if (wrapper === null) {
      const over = child === null || child.exitCode !== null || child.signalCode !== null;
      if ((this.#cancelled || over) && (await folder.forbid())) {
        const why = jobError('PROGRAM_NOT_STARTED', 'The program could not be started.');
        return this.#end(this.#cancelled ? CANCELLED : failed(why));
      }
      return this.#later(LOOK_FOR_START_MS, () => this.#awaitStart(child, isNew));
    }
    observer.started();
    const record = (await folder.record()) ?? NO_RECORD;
    const tail = async (name: 'stdout' | 'stderr'): Promise<LogTail> => {
      const file = join(execution.logDir, `${name}.log`);
      // What was printed before this server came is in the log, and its followers are gone.
      const from = isNew ? record.logStart[name] : await sizeOf(file);
      return new LogTail(file, from, (text) => observer.wrote(name, text));
    };
    const tails = [await tail('stdout'), await tail('stderr')];
    const watch = new ProgramWatch({
      folder,
      execution,
      observer,
      options,
      record,
      wrapper,
      tails,
    });
    await this.#look(watch);
  }

  async #look(watch: ProgramWatch): Promise<void> {
    const outcome = await watch.look(this.#cancelled);
    if (outcome === null) this.#later(LOOK_MS, () => this.#look(watch));
    else await this.#insist(() => this.#end(outcome));
  }

  /** A disk that refuses says nothing about the program: the step is tried again. */
  async #insist(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      const { execution, options } = this.#input;
      options.log.warn({ err: error, jobId: execution.job.id }, 'a program could not be looked at');
      this.#later(AGAIN_MS, step);
    }
  }

  #later(ms: number, step: () => Promise<void>): void {
    if (this.#released) return;
    this.#timer = this.#input.options.clock.after(ms, () => {
      this.#looking = this.#insist(step);
    });
  }

  async #end(outcome: JobOutcome): Promise<void> {
    await this.#input.folder.close(outcome);
    this.#tell(outcome);
  }

  #tell(outcome: JobOutcome): void {
    if (this.#slot !== null) this.#input.ports.give(this.#slot);
    this.#slot = null;
    if (this.#released) return;
    this.#input.over();
    this.#input.observer.ended(outcome);
  }
}

const CANCELLED: JobOutcome = { state: 'CANCELLED', error: null };

const notStarted = (fault: unknown): JobError => {
  const why = fault instanceof Error ? fault.message : String(fault);
  return jobError('PROGRAM_NOT_STARTED', `The program could not be started: ${why}`);
};
