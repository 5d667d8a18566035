import { readdir } from 'node:fs/promises';
import type { Store } from '../store/store.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { ActiveJobs } from './active-jobs.ts';
import type { JobLog } from './job-log.ts';
import type { ResultFolders } from './result-folders.ts';

export interface HistorySweeperOptions {
  readonly store: Store;
  readonly jobs: ActiveJobs;
  readonly results: ResultFolders;
  readonly jobLog: JobLog;
  readonly logsDir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxAgeMs: number;
  readonly maxCount: number;
}

const EVERY_MS = 60_000;
const BATCH = 100;
/** Every so many sweeps the folders are compared with the history, and counted. */
const FOLDERS_EVERY = 30;

/** Removes old jobs with their results and logs, and folders that belong to no job. */
export class HistorySweeper {
  readonly #options: HistorySweeperOptions;
  #timer: Timer | null = null;
  #stopped = false;
  #sweeps = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(options: HistorySweeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#sweepLogged().then(() => {
      if (this.#stopped) return;
      this.#timer = this.#options.clock.after(EVERY_MS, () => this.start());
    });
  }

  /** Resolves when a sweep that is under way has come to a halt. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  /** One whole sweep; answers how many jobs it removed. */
  async sweep(): Promise<number> {
    const { store, clock, maxAgeMs, maxCount } = this.#options;
    const before = clock.now() - maxAgeMs;
    let removed = 0;
    for (;;) {
      const ids = await store.jobs.prunable(before, maxCount, BATCH);
      let gone = 0;
      for (const id of ids) {
        if (this.#stopped) return removed;
        if (await this.#remove(id)) gone += 1;
        await turn();
      }
      removed += gone;
      // Whatever could not be removed would come again and again.
      if (gone === 0) break;
    }
    await store.sessions.prune(before);
    if (this.#sweeps % FOLDERS_EVERY === 0) await this.#sweepFolders();
    this.#sweeps += 1;
    return removed;
  }

  async #sweepLogged(): Promise<void> {
    const { log } = this.#options;
    try {
      const removed = await this.sweep();
      if (removed > 0) log.info({ removed }, 'old jobs are removed from the history');
    } catch (error) {
      log.warn({ err: error }, 'the history could not be swept');
    }
  }

  /** The record first: a folder without one is found by the next look at the folders. */
  async #remove(id: string): Promise<boolean> {
    const { store, jobs, results, jobLog } = this.#options;
    if (!(await store.jobs.remove(id))) return false;
    jobs.forget(id);
    await results.remove(id);
    await jobLog.remove(id);
    return true;
  }

  async #sweepFolders(): Promise<void> {
    const { results, jobLog, logsDir } = this.#options;
    for (const name of await results.orphans((id) => this.#isKnown(id))) {
      if (this.#stopped) return;
      await results.remove(name);
    }
    for (const name of await readdir(logsDir).catch(() => [])) {
      if (this.#stopped) return;
      if (!(await this.#isKnown(name))) await jobLog.remove(name);
    }
    await results.count();
  }

  async #isKnown(id: string): Promise<boolean> {
    await turn();
    const { store, jobs } = this.#options;
    return jobs.get(id) !== undefined || (await store.jobs.get(id)) !== null;
  }
}

/** Lets everyone else have the event loop. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
