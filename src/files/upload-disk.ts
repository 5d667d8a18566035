import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isFileId } from './uploaded-files.ts';

/** What has arrived, before anybody can name it. */
export interface Arrived {
  readonly size: number;
  readonly sha256: string;
}

const PART = '.part';

/**
 * The folder of uploads: `<id>/<name>`, and `<id>.part` while it arrives. Something becomes a file
 * by a rename, after its bytes are on the disk, so there is never half of one.
 */
export class UploadDisk {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Streams it to the disk; `count` hears of each piece and may throw. Leaves nothing on a fault. */
  async receive(
    id: string,
    content: AsyncIterable<Uint8Array>,
    count: (bytes: number) => void,
  ): Promise<Arrived> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    const handle = await open(this.#part(id), 'wx', 0o600);
    try {
      return await write(handle, content, count);
    } catch (error) {
      await this.discard(id);
      throw error;
    } finally {
      await handle.close();
    }
  }

  async keep(id: string, name: string): Promise<void> {
    const folder = join(this.#dir, id);
    await mkdir(folder, { mode: 0o700 });
    await rename(this.#part(id), join(folder, name));
    await syncFolder(folder);
    await syncFolder(this.#dir);
  }

  /** Whatever there is of it. */
  async discard(id: string): Promise<void> {
    await rm(this.#part(id), { force: true });
    await rm(join(this.#dir, id), { recursive: true, force: true });
  }

  /** Ids of everything that lies here, whole or not. */
  async ids(): Promise<readonly string[]> {
    const names = await readdir(this.#dir).catch(() => []);
    return names
      .map((name) => (name.endsWith(PART) ? name.slice(0, -PART.length) : name))
      .filter(isFileId);
  }

  async discardPart(id: string): Promise<void> {
    await rm(this.#part(id), { force: true });
  }

  #part(id: string): string {
    return join(this.#dir, id + PART);
  }
}

const write = async (
  handle: FileHandle,
  content: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): Promise<Arrived> => {
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of content) {
    count(piece.length);
    hash.update(piece);
    await writeAll(handle, piece);
    size += piece.length;
  }
  await handle.sync();
  return { size, sha256: hash.digest('hex') };
};

/** One write may take less than it was given. */
const writeAll = async (handle: FileHandle, piece: Uint8Array): Promise<void> => {
  for (let at = 0; at < piece.length; ) {
    const { bytesWritten } = await handle.write(piece, at, piece.length - at);
    at += bytesWritten;
  }
};

const syncFolder = async (path: string): Promise<void> => {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
