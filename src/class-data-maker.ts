import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LibraConfig } from './config/schema.ts';
import type { Logger } from './observability/logger.ts';
import type { Clock, Timer } from './util/clock.ts';

export interface ClassDataMakerOptions {
  /** Where the archives belong; those that there can be none of are left out. */
  readonly archives: readonly string[];
  readonly config: LibraConfig;
  /** For temporary files; null leaves them where the system puts them. */
  readonly scratch: string | null;
  readonly isIdle: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

const LOOK_MS = 5000;
/** So often in a row nothing may run before the work begins. */
const IDLE_LOOKS = 6;

/**
 * Makes class data for the starts to come, once the server has nothing else to do. It is work of a
 * minute in a process of its own, behind everything else, and ends with the server.
 */
export class ClassDataMaker {
  readonly #options: ClassDataMakerOptions;
  #timer: Timer | null = null;
  #process: ChildProcess | null = null;
  #idle = 0;

  constructor(options: ClassDataMakerOptions) {
    this.#options = options;
  }

  start(): void {
    const { archives, clock } = this.#options;
    if (archives.every((archive) => existsSync(archive))) return;
    this.#timer = clock.after(LOOK_MS, () => {
      this.#idle = this.#options.isIdle() ? this.#idle + 1 : 0;
      if (this.#idle < IDLE_LOOKS) this.start();
      else void this.#make();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#process?.kill('SIGTERM');
  }

  async #make(): Promise<void> {
    const { config, scratch, log } = this.#options;
    log.info('recording which classes drivers load: later starts take half the time');
    const program = join(config.projectRoot, 'dist/cli/class-data.js');
    this.#process = spawn(process.execPath, [program, '-'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#process.stdin?.on('error', () => {});
    this.#process.stdin?.end(JSON.stringify({ config, scratch }));
    const [code] = await once(this.#process, 'exit');
    this.#process = null;
    log[code === 0 ? 'info' : 'debug']({ code }, 'the record of classes is made');
  }
}
