import { constants } from 'node:fs';
import {
  chmod,
  copyFile,
  lchown,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  unlink,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { jobError } from '../../domain/job-error.ts';
import type { ResultSummary } from '../../domain/result.ts';
import type { Log } from '../../util/log.ts';
import type { Driver, DriverJob, DriverJobObserver } from '../driver.ts';
import type { ChildFolder } from './child-folder.ts';

type Jobs = Pick<Driver, 'submit' | 'cancel'>;

/**
 * Hands jobs to a child that runs as another user, and takes their results from it. The child may
 * be hostile: it gets copies of what it cannot read, and what it gives is looked at where it can no
 * longer change it.
 */
export class AcrossUsers implements Jobs {
  readonly #child: Jobs;
  readonly #folder: ChildFolder;
  readonly #log: Log;
  /** Jobs whose files are on their way; false once their end was asked for. */
  readonly #preparing = new Map<string, boolean>();

  constructor(child: Jobs, folder: ChildFolder, log: Log) {
    this.#child = child;
    this.#folder = folder;
    this.#log = log;
  }

  submit(job: DriverJob, observer: DriverJobObserver): void {
    const guest = { ...job, resultDir: join(this.#folder.results, job.jobId) };
    const watching = this.#watching(job, observer);
    if (job.filePath === null) {
      this.#child.submit(guest, watching);
      return;
    }
    this.#preparing.set(job.jobId, true);
    this.#folder.reachable(job.filePath).then(
      (filePath) => {
        const wanted = this.#prepared(job.jobId);
        if (wanted) this.#child.submit({ ...guest, filePath }, watching);
        else observer.cancelled();
      },
      (error: unknown) => {
        if (this.#prepared(job.jobId)) observer.failed(notHandedOver(error));
        else observer.cancelled();
      },
    );
  }

  cancel(jobId: string): void {
    if (this.#preparing.has(jobId)) this.#preparing.set(jobId, false);
    else this.#child.cancel(jobId);
  }

  #prepared(jobId: string): boolean {
    const wanted = this.#preparing.get(jobId) ?? false;
    this.#preparing.delete(jobId);
    return wanted;
  }

  #watching(job: DriverJob, observer: DriverJobObserver): DriverJobObserver {
    return {
      started: () => observer.started(),
      progress: (fraction) => observer.progress(fraction),
      waitsFor: (waitingFor) => observer.waitsFor(waitingFor),
      log: (stream, text) => observer.log(stream, text),
      schema: (columns) => observer.schema(columns),
      rows: (rowCount) => observer.rows(rowCount),
      failed: (error) => observer.failed(error),
      cancelled: () => observer.cancelled(),
      lost: (error) => observer.lost(error),
      succeeded: (result) => void this.#succeeded(job, result, observer),
    };
  }

  async #succeeded(
    job: DriverJob,
    result: ResultSummary,
    observer: DriverJobObserver,
  ): Promise<void> {
    try {
      if (result.columns !== null) await this.#take(job);
    } catch (error) {
      const { jobId } = job;
      this.#log.error({ err: error, jobId, uid: this.#folder.uid }, 'a result was refused');
      observer.failed(jobError('RESULT_NOT_STORED', notTaken(error)));
      return;
    }
    observer.succeeded(result);
  }

  async #take({ jobId, resultDir, maxResultBytes }: DriverJob): Promise<void> {
    const { results, taken, uid } = this.#folder;
    const held = join(taken, jobId);
    // First out of the child's reach, so that nothing is swapped behind the back of the checks.
    await rename(join(results, jobId), held);
    await closeFolder(held, uid);
    await takeFiles(held, uid, maxResultBytes);
    await mkdir(dirname(resultDir), { recursive: true, mode: 0o700 });
    await move(held, resultDir);
  }
}

/** A fault in what a child has written as a result; the message is for people who see it. */
class ResultRefusedError extends Error {
  override readonly name = 'ResultRefusedError';
}

/** From now on whoever has the folder open, or works in it, can add and remove nothing either. */
const closeFolder = async (path: string, uid: number | null): Promise<void> => {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const folder = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch(() => {
    throw new ResultRefusedError('it is not a folder');
  });
  try {
    if ((await folder.stat()).uid !== uid) throw new ResultRefusedError('it is of another user');
    await folder.chown(process.getuid?.() ?? -1, process.getgid?.() ?? -1);
    await folder.chmod(0o700);
  } finally {
    await folder.close();
  }
};

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,100}$/;
/** What an attempt of a task that came too late is about to leave. */
const UNFINISHED = /\.tmp$/;
const MANIFEST = 'manifest.json';
const MOST_FILES = 1_000_000;
const LARGEST_MANIFEST = 256 * 2 ** 20;

const takeFiles = async (folder: string, uid: number | null, maxBytes: number): Promise<void> => {
  const names = await readdir(folder);
  if (!names.includes(MANIFEST)) throw new ResultRefusedError('it has no manifest');
  if (names.length > MOST_FILES) throw new ResultRefusedError('it has too many files');
  let bytes = 0;
  for (const name of names) {
    const path = join(folder, name);
    if (!NAME.test(name)) throw new ResultRefusedError('a file of it has a name of another kind');
    const file = await lstat(path);
    if (!file.isFile()) throw new ResultRefusedError(`${name} is not a file`);
    if (file.uid !== uid) throw new ResultRefusedError(`${name} is of another user`);
    if (file.nlink !== 1) throw new ResultRefusedError(`${name} has another name elsewhere`);
    if (UNFINISHED.test(name)) {
      await unlink(path);
      continue;
    }
    if (name !== MANIFEST) bytes += file.size;
    if (name === MANIFEST && file.size > LARGEST_MANIFEST) {
      throw new ResultRefusedError('its manifest is too large');
    }
    // Nobody can put another file in its place any more.
    await lchown(path, process.getuid?.() ?? -1, process.getgid?.() ?? -1);
    await chmod(path, 0o600);
  }
  if (bytes > maxBytes) {
    throw new ResultRefusedError(`it has ${bytes} bytes, and ${maxBytes} are allowed`);
  }
};

/** Where the results lie on another file system nobody sees half of one. */
const move = async (from: string, to: string): Promise<void> => {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    const half = `${to}.new`;
    await mkdir(half, { mode: 0o700 });
    for (const name of await readdir(from)) {
      await copyFile(join(from, name), join(half, name), constants.COPYFILE_EXCL);
    }
    await rename(half, to);
    await rm(from, { recursive: true, force: true });
  }
};

const notTaken = (error: unknown): string =>
  error instanceof ResultRefusedError
    ? `The result that the driver has written was refused: ${error.message}`
    : `The result could not be stored: ${codeOf(error)}`;

const notHandedOver = (error: unknown) =>
  jobError('PROGRAM_NOT_STARTED', `The file could not be handed to the driver: ${codeOf(error)}`);

/** The paths in the messages of the system are ours alone. */
const codeOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code ?? 'something went wrong on our side';
