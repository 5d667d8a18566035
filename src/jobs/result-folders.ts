import { join } from 'node:path';
import { orphanResults, removeResult, resultBytes } from '../results/result-disk.ts';

/** The folders of stored rows, one for each job, under `libra.results.dir`. */
export class ResultFolders {
  readonly #dir: string;
  #bytes = 0;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** What all results took when they were last counted, and what came since. */
  get bytes(): number {
    return this.#bytes;
  }

  path(jobId: string): string {
    return join(this.#dir, jobId);
  }

  added(bytes: number): void {
    this.#bytes += bytes;
  }

  remove(jobId: string): Promise<void> {
    return removeResult(this.#dir, jobId);
  }

  orphans(isKnown: (jobId: string) => Promise<boolean>): Promise<readonly string[]> {
    return orphanResults(this.#dir, isKnown);
  }

  async count(): Promise<void> {
    this.#bytes = await resultBytes(this.#dir);
  }
}
