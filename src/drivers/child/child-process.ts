import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { DRIVER_MARK } from '../../processes/leftovers.ts';
import {
  identityOf,
  isMarked,
  type ProcessIdentity,
  processesOf,
  signal,
} from '../../processes/processes.ts';
import { type Clock, sleep, within } from '../../util/clock.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildCommand {
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  /** All of its standard input. */
  readonly input: string;
  /** Marks what the child starts: `run-driver.sh` sets it in the environment. */
  readonly folder: string;
}

const markOf = (folder: string): string => `${DRIVER_MARK}=${folder}`;

const LOOK_MS = 50;
const LAST_OUTPUT_MS = 2000;

/** A program that leads a process session of its own, and all that it starts. */
export class DriverProcess {
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #identity: ProcessIdentity;
  readonly #folder: string;
  readonly #clock: Clock;
  #killing: Promise<void> | null = null;

  private constructor(
    child: ChildProcess,
    identity: ProcessIdentity,
    folder: string,
    clock: Clock,
    exited: Promise<Exit>,
  ) {
    this.#child = child;
    this.#identity = identity;
    this.#folder = folder;
    this.#clock = clock;
    this.exited = exited;
  }

  static async start(
    { command: [program, ...args], environment, input, folder }: ChildCommand,
    clock: Clock,
  ): Promise<DriverProcess> {
    const child = spawn(program, args, {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: environment,
    });
    const exited = once(child, 'exit').then(([code, name]) => ({ code, signal: name }));
    exited.catch(() => {});
    await once(child, 'spawn');
    // Whoever ends before it has read gets no input.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    const identity = await identityOf(child.pid as number);
    return new DriverProcess(child, identity, folder, clock, exited);
  }

  get pid(): number {
    return this.#identity.pid;
  }

  /** Asks the program itself to end. */
  terminate(): void {
    this.#child.kill('SIGTERM');
  }

  /** Whether it has ended within this time. */
  endsWithin(ms: number): Promise<boolean> {
    const ended = this.exited.then(() => true);
    return within(this.#clock, ms, ended, false);
  }

  /** Ends it and everything that belongs to it; resolves when nothing is left. */
  killAll(): Promise<void> {
    this.#killing ??= this.#killAll();
    return this.#killing;
  }

  async #killAll(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
    await killLeftovers(this.#folder, this.#identity, this.#clock);
    if (this.#identity.startTime === '-') signal(-this.pid, 'SIGKILL');
  }
}

/** What a program that has ended left behind. */
const killLeftovers = async (
  folder: string,
  wrapper: ProcessIdentity,
  clock: Clock,
): Promise<void> => {
  const mark = markOf(folder);
  // What keeps the log has no mark: it ends by itself when it has written the rest.
  const spareUntil = clock.now() + LAST_OUTPUT_MS;
  for (;;) {
    const left = await processesOf({ mark, wrapper, withWrapper: true });
    if (left.length === 0) return;
    for (const pid of left) {
      if (clock.now() >= spareUntil || (await isMarked(pid, mark))) signal(pid, 'SIGKILL');
    }
    await sleep(clock, LOOK_MS);
  }
};
