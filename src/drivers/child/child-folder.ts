import { randomBytes } from 'node:crypto';
import { chmod, chown, constants, copyFile, mkdir, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { OWN_FOLDER } from '../../processes/leftovers.ts';
import { endUser, removeFilesOf } from '../../processes/user-processes.ts';

export interface ChildFolderOptions {
  /** Holds a folder for each child. */
  readonly driversDir: string;
  /** Where uploaded files lie, which the server alone can read. */
  readonly filesDir: string;
}

/** Traversable for children that are somebody else; nobody can list it. */
const DRIVERS_MODE = 0o711;

/**
 * The folder of one child process. Where the child has the user id of the server all of it is the
 * child's. Where it has one of its own, what the server relies on (who the process is, its log, its
 * socket, what was handed over) lies where the child can change nothing, and nobody else gets in:
 *
 *   <id>/          the server's; the group is the child's, which may pass
 *     own/         the child's: home, temporary files, working directory
 *     results/     the child may add to it; what is done is taken away (AcrossUsers)
 *     files/       copies of uploaded files, for the child to read
 *     taken/       the server's alone
 */
export class ChildFolder {
  readonly path: string;
  /** The user id of the child; null where it is the server's. */
  readonly uid: number | null;
  readonly #options: ChildFolderOptions;
  readonly #copies = new Map<string, Promise<string>>();

  constructor(options: ChildFolderOptions, uid: number | null) {
    this.#options = options;
    this.uid = uid;
    this.path = join(options.driversDir, randomBytes(4).toString('hex'));
  }

  /** What the child may do with as it likes. */
  get own(): string {
    return this.uid === null ? this.path : join(this.path, OWN_FOLDER);
  }

  get results(): string {
    return join(this.path, 'results');
  }

  get taken(): string {
    return join(this.path, 'taken');
  }

  async make(): Promise<void> {
    const { uid } = this;
    if (uid !== null) {
      await mkdir(this.#options.driversDir, { recursive: true, mode: DRIVERS_MODE });
      await this.#folder(this.path, 0o710);
      await this.#folder(this.results, 0o730);
      await this.#folder(join(this.path, 'files'), 0o710);
      await mkdir(this.taken, { mode: 0o700 });
      await mkdir(this.own, { mode: 0o700 });
    }
    for (const name of ['tmp', 'home', 'work']) {
      await mkdir(join(this.own, name), { recursive: true, mode: 0o700 });
      if (uid !== null) await chown(join(this.own, name), uid, uid);
    }
    if (uid !== null) await chown(this.own, uid, uid);
  }

  /** Lets the child read a file of the server's in this folder. */
  async showToChild(file: string): Promise<void> {
    if (this.uid === null) return;
    await chown(file, -1, this.uid);
    await chmod(file, 0o640);
  }

  /** Lets the child, and no other one, connect to it. */
  async giveToChild(socket: string): Promise<void> {
    if (this.uid === null) return;
    await chown(socket, this.uid, this.uid);
    await chmod(socket, 0o600);
  }

  /**
   * Where the child finds a file that a job names. What the server keeps itself is copied: nobody
   * can have prepared a trap in there. All else the child reads by its own rights, or not at all.
   */
  async reachable(location: string): Promise<string> {
    if (this.uid === null) return location;
    const kept = relative(await realpath(this.#options.filesDir).catch(() => '/'), location);
    if (kept === '' || kept.startsWith('..') || !location.startsWith('/')) return location;
    const known = this.#copies.get(location);
    if (known !== undefined) return known;
    const copy = this.#copy(location, join(this.path, 'files', kept));
    this.#copies.set(location, copy);
    copy.catch(() => this.#copies.delete(location));
    return copy;
  }

  /** Once the process has ended: ends the rest of its user's as well, and removes all of it. */
  async clear(): Promise<void> {
    if (this.uid !== null) await endUser(this.uid);
    await rm(this.path, { recursive: true, force: true, maxRetries: 5 }).catch(() => {});
    if (this.uid !== null) await removeFilesOf(this.uid);
  }

  async #copy(from: string, to: string): Promise<string> {
    await mkdir(dirname(to), { recursive: true, mode: 0o700 });
    for (let folder = dirname(to); basename(folder) !== 'files'; folder = dirname(folder)) {
      await chown(folder, -1, this.uid ?? -1);
      await chmod(folder, 0o710);
    }
    await copyFile(from, to, constants.COPYFILE_FICLONE);
    await this.showToChild(to);
    return to;
  }

  async #folder(path: string, mode: number): Promise<void> {
    await mkdir(path, { mode: 0o700 });
    await chown(path, -1, this.uid ?? -1);
    await chmod(path, mode);
  }
}
