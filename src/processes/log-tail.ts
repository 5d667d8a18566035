import { open, stat } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';

const CHUNK = 64 * 1024;
/** Whoever follows a program that prints faster than this sees parts of it; the log has it all. */
const MOST_AT_ONCE = 4 * CHUNK;

/** Follows a file that others write to, with bounded memory. */
export class LogTail {
  readonly #file: string;
  readonly #show: (text: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #position: number;

  constructor(file: string, position: number, show: (text: string) => void) {
    this.#file = file;
    this.#position = position;
    this.#show = show;
  }

  async advance(): Promise<void> {
    const size = await sizeOf(this.#file);
    if (size <= this.#position) return;
    const behind = size - this.#position;
    if (behind > MOST_AT_ONCE) {
      const skipped = behind - CHUNK;
      this.#position += skipped;
      this.#show(`\n[${skipped} bytes are not shown here; the log of the job has them]\n`);
    }
    const handle = await open(this.#file, 'r');
    try {
      while (this.#position < size) {
        const length = Math.min(CHUNK, size - this.#position);
        const { bytesRead, buffer } = await handle.read(
          Buffer.alloc(length),
          0,
          length,
          this.#position,
        );
        if (bytesRead === 0) return;
        this.#position += bytesRead;
        const text = this.#decoder.write(buffer.subarray(0, bytesRead));
        if (text !== '') this.#show(text);
      }
    } finally {
      await handle.close();
    }
  }
}

export const sizeOf = async (file: string): Promise<number> =>
  (await stat(file).catch(() => null))?.size ?? 0;

export interface Part {
  readonly text: string;
  readonly whole: boolean;
}

/** From `start` on, at most `limit` bytes. */
export const readHead = async (file: string, start: number, limit: number): Promise<Part> => {
  const size = await sizeOf(file);
  const text = await readPart(file, start, Math.min(size, start + limit));
  return { text, whole: size <= start + limit };
};

/** The last `limit` bytes behind `start`. */
export const readTail = async (file: string, start: number, limit: number): Promise<string> => {
  const size = await sizeOf(file);
  return readPart(file, Math.max(start, size - limit), size);
};

const readPart = async (file: string, from: number, to: number): Promise<string> => {
  if (to <= from) return '';
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(to - from), 0, to - from, from);
    // A character that the limit has cut is held back by the decoder.
    return new StringDecoder('utf8').write(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
};
