import { type ProcessIdentity, processesOf, signal } from '../../processes/processes.ts';
import type { ProgramFolder } from './program-folder.ts';

/** What runs for one attempt on this machine, and the ways to end it. */
export class ProgramProcesses {
  readonly #folder: ProgramFolder;
  readonly #wrapper: ProcessIdentity;

  constructor(folder: ProgramFolder, wrapper: ProcessIdentity) {
    this.#folder = folder;
    this.#wrapper = wrapper;
  }

  /** To the group as a whole. False while there is none yet. */
  async ask(): Promise<boolean> {
    const group = await this.#folder.group();
    return group !== null && signal(-group, 'SIGTERM');
  }

  /** To everybody; answers how many there still were. */
  async kill(withWrapper: boolean): Promise<number> {
    const mark = `LIBRA_PROGRAM=${this.#folder.path}`;
    const pids = await processesOf({ mark, wrapper: this.#wrapper, withWrapper });
    for (const pid of pids) signal(pid, 'SIGKILL');
    return pids.length;
  }
}
