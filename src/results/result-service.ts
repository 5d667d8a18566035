import { join } from 'node:path';
import { Problem } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import type { Job } from '../domain/job.ts';
import type { ResultSummary } from '../domain/result.ts';
import { arrowStream } from './arrow-stream.ts';
import { ResultFolder, ResultMissingError } from './result-folder.ts';
import { csvFormat, jsonFormat, ndjsonFormat, plainFormat } from './text-formats.ts';
import { textStream } from './text-stream.ts';

export type ResultFormat = 'json' | 'ndjson' | 'csv' | 'arrow' | 'text';

export interface ResultServiceOptions {
  readonly resultsDir: string;
  /** The job, or a 404 problem for what the identity may not see. */
  readonly jobOf: (identity: Identity, jobId: string) => Promise<Job>;
}

/** Stored results, read in the format that a client asks for. The driver is not needed. */
export class ResultService {
  readonly #options: ResultServiceOptions;

  constructor(options: ResultServiceOptions) {
    this.#options = options;
  }

  /**
   * Rejects with a problem while nothing is sent yet. An error in the middle of the bytes means
   * that the answer is not whole: the connection has to break, never to end well.
   */
  async read(
    identity: Identity,
    jobId: string,
    format: ResultFormat,
    offset: number,
    limit: number | null,
  ): Promise<AsyncIterable<Uint8Array>> {
    const job = await this.#options.jobOf(identity, jobId);
    const summary = summaryOf(job);
    if (summary.columns === null) return printed(summary, format);
    const folder = await this.#open(job);
    return rows(folder, format, offset, limit);
  }

  async #open(job: Job): Promise<ResultFolder> {
    try {
      return await ResultFolder.open(join(this.#options.resultsDir, job.id));
    } catch (cause) {
      if (cause instanceof ResultMissingError) throw gone(cause);
      throw new Problem('INTERNAL', 'The stored result cannot be read', { cause });
    }
  }
}

const gone = (cause: unknown): Problem =>
  new Problem('RESULT_GONE', 'The rows of this job are no longer stored', { cause });

const summaryOf = (job: Job): ResultSummary => {
  if (job.state !== 'SUCCESS' || job.result === null) {
    throw new Problem('RESULT_NOT_READY', `The job is ${job.state}: only SUCCESS has a result`);
  }
  if (job.resultPrunedAt !== null) throw gone(null);
  return job.result;
};

/** Code has no rows: what it printed is text whatever the offset. */
async function* bytesOf(text: string): AsyncGenerator<Uint8Array, void, void> {
  yield Buffer.from(text);
}

const printed = (summary: ResultSummary, format: ResultFormat): AsyncIterable<Uint8Array> => {
  if (format !== 'text') {
    throw new Problem(
      'NOT_ACCEPTABLE',
      'This job printed text and has no rows: ask for text/plain',
    );
  }
  return bytesOf(summary.text);
};

const rows = (
  folder: ResultFolder,
  format: ResultFormat,
  offset: number,
  limit: number | null,
): AsyncIterable<Uint8Array> => {
  const { manifest } = folder;
  const end = Math.min(manifest.rowCount, limit === null ? Infinity : offset + limit);
  const ranges = folder.ranges(offset, end);
  switch (format) {
    case 'json': {
      const next = end < manifest.rowCount ? end : null;
      return textStream(jsonFormat(manifest, next), folder.read(ranges));
    }
    case 'ndjson':
      return textStream(ndjsonFormat(manifest), folder.read(ranges));
    case 'csv':
      return textStream(csvFormat(manifest), folder.read(ranges));
    case 'text':
      return textStream(plainFormat(manifest), folder.read(ranges));
    case 'arrow':
      return arrowStream(folder, ranges);
    default:
      return format satisfies never;
  }
};
