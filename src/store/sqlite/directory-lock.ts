import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StoreUnavailableError } from '../store.ts';
import { toStoreError } from './store-errors.ts';

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly serverId: string | null;
}

/**
 * One server for each data directory. An exclusive transaction on a database of its own, open for
 * the life of the process: the kernel lets go of it however the process ends, so no stale lock is
 * ever left. Who holds it stands in a file beside it. (The lock's own file must not be opened by
 * anything else: closing any descriptor of it would release the lock, by the rules of fcntl.)
 */
export class DirectoryLock {
  readonly #directory: string;
  #database: Database.Database | null = null;

  constructor(directory: string) {
    this.#directory = directory;
  }

  acquire(): void {
    const database = new Database(join(this.#directory, 'server.lock'), { timeout: 0 });
    try {
      // No journal on disk: nothing is ever written, and nothing should be left behind.
      database.pragma('journal_mode = MEMORY');
      database.exec('BEGIN EXCLUSIVE');
    } catch (cause) {
      database.close();
      throw this.#lockError(cause);
    }
    this.#database = database;
    this.nameHolder(null);
  }

  /** For the message that the next one gets; a full disk is no reason to do without the lock. */
  nameHolder(serverId: string | null): void {
    if (this.#database === null) return;
    const holder: Holder = { pid: process.pid, host: hostname(), serverId };
    try {
      writeFileSync(this.#holderFile, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
    } catch {
      // The message then names nobody.
    }
  }

  release(): void {
    this.#database?.close();
    this.#database = null;
  }

  get #holderFile(): string {
    return join(this.#directory, 'server.json');
  }

  #lockError(cause: unknown): unknown {
    if (!(cause instanceof Database.SqliteError) || !cause.code.startsWith('SQLITE_BUSY')) {
      return toStoreError(cause, this.#directory);
    }
    return new StoreUnavailableError(
      `Another Libra server uses this data directory${this.#holder()}; one server for each`,
      'LOCKED',
      { cause, place: this.#directory },
    );
  }

  #holder(): string {
    try {
      const holder = JSON.parse(readFileSync(this.#holderFile, 'utf8')) as Holder;
      const server = holder.serverId === null ? '' : `, server ${holder.serverId}`;
      return `: process ${holder.pid} on ${holder.host}${server}`;
    } catch {
      return '';
    }
  }
}
