import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobOutcome, SparkApplication } from '../../domain/job.ts';
import { type ProcessIdentity, parseIdentity } from '../../processes/processes.ts';

/** What a later server has to know of an attempt; nothing secret. */
export interface ProgramRecord {
  readonly slot: number;
  /** Bytes of stdout and stderr that former attempts have left in the logs. */
  readonly logStart: { readonly stdout: number; readonly stderr: number };
  /** Where the cluster tells of the driver; null when the driver is the program itself. */
  readonly cluster: string | null;
}

/** What the listener inside of the program tells. */
export interface ProgramStatus extends SparkApplication {
  /** Work is there and no executor is. */
  readonly starved: boolean;
}

/** What `python/submitted.py` tells of an exception that nobody caught. */
export interface PythonFailure {
  readonly syntax: {
    readonly line: number;
    readonly column: number;
    readonly text: string | null;
  } | null;
  readonly message: string;
  readonly trace: string | null;
}

/**
 * One attempt at a job as it lies on the disk. `started`, `group` and `exit` are written by
 * `bin/lib/run-program.sh`, `application.json` by the listener in the program's driver.
 */
export class ProgramFolder {
  readonly path: string;

  constructor(workDir: string, jobId: string, attempt: number) {
    this.path = join(workDir, jobId, String(attempt));
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Makes the folder with one for scratch files and one to work in. */
  async make(): Promise<void> {
    for (const name of ['tmp', 'work']) {
      await mkdir(this.file(name), { recursive: true, mode: 0o700 });
    }
  }

  /** Whole or not at all: another server may write the same, or have died over it. */
  async write(name: string, text: string): Promise<void> {
    const fresh = this.file(`${name}.${randomUUID()}`);
    await writeFile(fresh, text, { mode: 0o600 });
    await rename(fresh, this.file(name));
  }

  /** Who runs the program; `null` when nobody does, and nobody has. */
  async started(): Promise<ProcessIdentity | null> {
    const text = await this.#read('started');
    return text === null ? null : (parseIdentity(text) ?? NOBODY);
  }

  /** Sees to it that nobody ever runs the program; false when somebody does or did. */
  async forbid(): Promise<boolean> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    const claim = this.file(`started.${randomUUID()}`);
    await writeFile(claim, 'forbidden\n', { mode: 0o600 });
    try {
      await link(claim, this.file('started'));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return false;
    } finally {
      await rm(claim, { force: true });
    }
  }

  async exitCode(): Promise<number | null> {
    const text = await this.#read('exit');
    return text === null ? null : Number(text);
  }

  async group(): Promise<number | null> {
    const text = await this.#read('group');
    return text === null ? null : Number(text);
  }

  record(): Promise<ProgramRecord | null> {
    return this.#json('record.json');
  }

  status(): Promise<ProgramStatus | null> {
    return this.#json('application.json');
  }

  failure(): Promise<PythonFailure | null> {
    return this.#json('failure.json');
  }

  outcome(): Promise<JobOutcome | null> {
    return this.#json('outcome.json');
  }

  /** The outcome stays, for a server that dies before it has stored it; all else goes. */
  async close(outcome: JobOutcome): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    await this.write('outcome.json', JSON.stringify(outcome));
    const rest = await readdir(this.path);
    for (const name of rest.filter((each) => !KEPT.includes(each))) {
      await rm(this.file(name), { recursive: true, force: true, maxRetries: 3 });
    }
  }

  async #read(name: string): Promise<string | null> {
    try {
      return await readFile(this.file(name), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  async #json<T>(name: string): Promise<T | null> {
    const text = await this.#read(name);
    try {
      return text === null ? null : (JSON.parse(text) as T);
    } catch {
      return null;
    }
  }
}

const KEPT: readonly string[] = ['started', 'exit', 'outcome.json'];
const NOBODY: ProcessIdentity = { pid: 0, startTime: '0', bootId: 'none' };

/** Jobs that have a folder. */
export const programsIn = async (workDir: string): Promise<readonly string[]> =>
  readdir(workDir).catch(() => []);

export const removeProgram = (workDir: string, jobId: string): Promise<void> =>
  rm(join(workDir, jobId), { recursive: true, force: true, maxRetries: 3 });
