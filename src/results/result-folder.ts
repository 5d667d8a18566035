import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type RecordBatch, RecordBatchReader } from 'apache-arrow';
import type { ResultManifest, StoredBatch, StoredChunk } from '../domain/result.ts';
import { parseManifest } from './manifest.ts';

/** The folder is not there, or holds no finished result. */
export class ResultMissingError extends Error {
  override readonly name = 'ResultMissingError';
}

/** The folder changed or vanished while it was read: what was sent so far is not the whole. */
export class ResultDamagedError extends Error {
  override readonly name = 'ResultDamagedError';
}

/** A stored batch and which of its rows are wanted: all of them, but at the borders. */
export interface BatchRange {
  readonly chunk: StoredChunk;
  readonly batch: StoredBatch;
  readonly from: number;
  readonly to: number;
}

export interface ReadBatch {
  readonly batch: RecordBatch;
  readonly from: number;
  readonly to: number;
}

const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

/** Fills the whole target or fails: a short read would be a silently shorter result. */
const readFully = async (file: FileHandle, target: Uint8Array, position: number): Promise<void> => {
  let done = 0;
  while (done < target.length) {
    const { bytesRead } = await file.read(target, done, target.length - done, position + done);
    if (bytesRead === 0)
      throw new ResultDamagedError('A file of the result is shorter than stored');
    done += bytesRead;
  }
};

const LARGEST_READ = 1 << 18;

/** Reads one stored result. Holds no file open but the one that is being read. */
export class ResultFolder {
  readonly manifest: ResultManifest;
  /** The Arrow schema message. */
  readonly schema: Uint8Array;
  readonly #path: string;

  private constructor(path: string, manifest: ResultManifest) {
    this.#path = path;
    this.manifest = manifest;
    this.schema = Buffer.from(manifest.arrowSchema, 'base64');
  }

  /** Throws a ResultMissingError when there is no finished result. */
  static async open(path: string): Promise<ResultFolder> {
    try {
      const manifest = await readFile(join(path, 'manifest.json'), 'utf8');
      return new ResultFolder(path, parseManifest(manifest));
    } catch (error) {
      if (isMissing(error))
        throw new ResultMissingError('The result is not there', { cause: error });
      throw error;
    }
  }

  /** The batches that hold the rows from `offset` up to `end`, in order. */
  ranges(offset: number, end: number): readonly BatchRange[] {
    const found: BatchRange[] = [];
    for (const chunk of this.manifest.chunks) {
      if (chunk.rowOffset >= end) break;
      let first = chunk.rowOffset;
      if (first + chunk.rowCount <= offset) continue;
      for (const batch of chunk.batches) {
        const from = Math.max(0, offset - first);
        const to = Math.min(batch.rowCount, end - first);
        if (from < to) found.push({ chunk, batch, from, to });
        first += batch.rowCount;
      }
    }
    return found;
  }

  /** Decodes one batch after the other; memory holds one. */
  async *read(ranges: readonly BatchRange[]): AsyncGenerator<ReadBatch, void, void> {
    yield* this.#withFiles(ranges, async ({ batch, from, to }, file) => {
      // The manifest comes from the driver, where user code runs: it may promise any length.
      if (batch.offset + batch.length > (await file.stat()).size) {
        throw new ResultDamagedError('A file of the result is shorter than stored');
      }
      // The schema message goes ahead, so that the library reads a stream of one batch.
      const bytes = new Uint8Array(this.schema.length + batch.length);
      bytes.set(this.schema);
      await readFully(file, bytes.subarray(this.schema.length), batch.offset);
      return { batch: decode(bytes, batch.rowCount), from, to };
    });
  }

  /** The stored messages of whole batches as they are, in pieces. */
  async *bytes(ranges: readonly BatchRange[]): AsyncGenerator<Uint8Array, void, void> {
    yield* this.#withFiles(piecesOf(ranges), async ({ batch }, file) => {
      const bytes = new Uint8Array(batch.length);
      await readFully(file, bytes, batch.offset);
      return bytes;
    });
  }

  async *#withFiles<T>(
    ranges: readonly BatchRange[],
    use: (range: BatchRange, file: FileHandle) => Promise<T>,
  ): AsyncGenerator<T, void, void> {
    let name: string | null = null;
    let file: FileHandle | null = null;
    try {
      for (const range of ranges) {
        if (file === null || name !== range.chunk.file) {
          await file?.close();
          file = null;
          file = await this.#open(range.chunk.file);
          name = range.chunk.file;
        }
        yield await use(range, file);
      }
    } finally {
      await file?.close();
    }
  }

  async #open(name: string): Promise<FileHandle> {
    try {
      return await open(join(this.#path, name), 'r');
    } catch (error) {
      if (!isMissing(error)) throw error;
      throw new ResultDamagedError('The result was removed while it was read', { cause: error });
    }
  }
}

const decode = (bytes: Uint8Array, rowCount: number): RecordBatch => {
  const next = RecordBatchReader.from(bytes).next();
  if (next.done === true || next.value.numRows !== rowCount) {
    throw new ResultDamagedError('A batch of the result is not what was stored');
  }
  return next.value;
};

/** Reads of a bounded size, however large a batch is. */
function piecesOf(ranges: readonly BatchRange[]): readonly BatchRange[] {
  const pieces: BatchRange[] = [];
  for (const { chunk, batch } of ranges) {
    for (let done = 0; done < batch.length; done += LARGEST_READ) {
      const length = Math.min(LARGEST_READ, batch.length - done);
      const piece = { offset: batch.offset + done, length, rowCount: 0 };
      pieces.push({ chunk, batch: piece, from: 0, to: 0 });
    }
  }
  return pieces;
}
