import { appendFile, mkdir, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../util/log.ts';

export type LogStream = 'stdout' | 'stderr';

export interface LogPage {
  readonly text: string;
  readonly nextOffset: number;
  readonly size: number;
}

export interface JobLogOptions {
  readonly dir: string;
  readonly log: Log;
  /** Bytes kept of each stream; what comes after is dropped, and a last line says so. */
  readonly maxBytes?: number;
}

interface Writer {
  readonly jobId: string;
  readonly file: string;
  pending: string[];
  pendingLength: number;
  /** Bytes in the file; null until it was looked at. */
  size: number | null;
  truncated: boolean;
  writing: Promise<void> | null;
}

const MAX_BYTES = 64 * 1024 * 1024;
/** Characters that may wait for a slow disk. */
const MAX_PENDING = 4 * 1024 * 1024;

/**
 * What jobs print, in `<dir>/<jobId>/{stdout,stderr}.log`: in its order, written in batches beside
 * the work, so that neither the event loop nor the job waits for the disk. A job that prints
 * nothing has no folder. A disk that refuses costs the output and a line in the server's log,
 * never the job.
 */
export class JobLog {
  readonly #dir: string;
  readonly #log: Log;
  readonly #maxBytes: number;
  readonly #writers = new Map<string, Writer>();

  constructor(options: JobLogOptions) {
    this.#dir = options.dir;
    this.#log = options.log;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** Of one job. */
  folder(jobId: string): string {
    return join(this.#dir, jobId);
  }

  append(jobId: string, stream: LogStream, text: string): void {
    if (text === '') return;
    const writer = this.#writer(jobId, stream);
    if (writer.truncated) return;
    if (writer.pendingLength + text.length > MAX_PENDING) {
      this.#truncate(writer, 'it came faster than the disk could take it');
    } else {
      writer.pending.push(text);
      writer.pendingLength += text.length;
    }
    writer.writing ??= this.#write(writer);
  }

  /** Bytes from `offset`, moved to the start of a character; a negative one counts from the end. */
  async read(jobId: string, stream: LogStream, offset: number, limit: number): Promise<LogPage> {
    const writer = this.#writers.get(keyOf(jobId, stream));
    // The batch under way and the next: all that was printed before this call.
    await writer?.writing;
    await writer?.writing;
    const file = this.#file(jobId, stream);
    const handle = await open(file, 'r').catch(absent);
    if (handle === null) return { text: '', nextOffset: 0, size: 0 };
    try {
      const { size } = await handle.stat();
      const start = Math.min(size, offset < 0 ? Math.max(0, size + offset) : offset);
      // Room for a whole character, so that every page gets on.
      const length = Math.min(Math.max(limit, LONGEST_CHARACTER), size - start);
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, start);
      const from = firstBoundary(buffer, bytesRead);
      const to = start + bytesRead < size ? lastBoundary(buffer, from, bytesRead) : bytesRead;
      return { text: buffer.toString('utf8', from, to), nextOffset: start + to, size };
    } finally {
      await handle.close();
    }
  }

  /** The job prints no more: everything is on disk when this answers. */
  async close(jobId: string): Promise<void> {
    for (const stream of ['stdout', 'stderr'] as const) {
      const key = keyOf(jobId, stream);
      const writer = this.#writers.get(key);
      if (writer === undefined) continue;
      while (writer.writing !== null) await writer.writing;
      this.#writers.delete(key);
    }
  }

  async closeAll(): Promise<void> {
    const jobs = new Set([...this.#writers.values()].map((writer) => writer.jobId));
    await Promise.all([...jobs].map((jobId) => this.close(jobId)));
  }

  async remove(jobId: string): Promise<void> {
    await this.close(jobId);
    await rm(join(this.#dir, jobId), { recursive: true, force: true });
  }

  #writer(jobId: string, stream: LogStream): Writer {
    const key = keyOf(jobId, stream);
    const known = this.#writers.get(key);
    if (known !== undefined) return known;
    const writer: Writer = {
      jobId,
      file: this.#file(jobId, stream),
      pending: [],
      pendingLength: 0,
      size: null,
      truncated: false,
      writing: null,
    };
    this.#writers.set(key, writer);
    return writer;
  }

  async #write(writer: Writer): Promise<void> {
    // What arrives in the same turn of the event loop goes in one batch.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      if (writer.size === null) {
        await mkdir(join(this.#dir, writer.jobId), { recursive: true });
        writer.size = (await stat(writer.file).catch(absent))?.size ?? 0;
        if (writer.size >= this.#maxBytes) discard(writer);
      }
      if (writer.pending.length > 0) await this.#writeBatch(writer);
    } catch (error) {
      discard(writer);
      this.#log.warn({ err: error, jobId: writer.jobId }, 'output of a job could not be written');
    } finally {
      writer.writing = writer.pending.length > 0 ? this.#write(writer) : null;
    }
  }

  async #writeBatch(writer: Writer): Promise<void> {
    const bytes = Buffer.from(writer.pending.join(''), 'utf8');
    writer.pending = [];
    writer.pendingLength = 0;
    const size = writer.size ?? 0;
    const room = Math.max(0, this.#maxBytes - size);
    if (bytes.length > room && !writer.truncated) {
      await appendFile(writer.file, bytes.subarray(0, lastBoundary(bytes, 0, room)));
      this.#truncate(writer, `more than ${this.#maxBytes} bytes are not kept`);
      return;
    }
    await appendFile(writer.file, bytes);
    writer.size = size + bytes.length;
  }

  #truncate(writer: Writer, reason: string): void {
    writer.truncated = true;
    writer.pending.push(`\n[the output ends here: ${reason}]\n`);
  }

  #file(jobId: string, stream: LogStream): string {
    return join(this.#dir, jobId, `${stream}.log`);
  }
}

const LONGEST_CHARACTER = 4;

/** Keeps nothing more of this stream. */
const discard = (writer: Writer): void => {
  writer.pending = [];
  writer.pendingLength = 0;
  writer.truncated = true;
};

const keyOf = (jobId: string, stream: LogStream): string => `${jobId}/${stream}`;

const absent = (error: NodeJS.ErrnoException): null => {
  if (error.code === 'ENOENT') return null;
  throw error;
};

const continues = (byte: number | undefined): boolean =>
  byte !== undefined && (byte & 0b1100_0000) === 0b1000_0000;

const firstBoundary = (buffer: Buffer, end: number): number => {
  let at = 0;
  while (at < end && at < LONGEST_CHARACTER - 1 && continues(buffer[at])) at += 1;
  return at;
};

/** The end of the last whole character before `end`. */
const lastBoundary = (buffer: Buffer, from: number, end: number): number => {
  let lead = end - 1;
  while (lead > from && continues(buffer[lead])) lead -= 1;
  const byte = buffer[lead] ?? 0;
  const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
  return lead + length <= end ? end : Math.max(from, lead);
};
