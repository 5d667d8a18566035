import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RecordBatch } from 'apache-arrow';
import type { ReadBatch } from './result-folder.ts';

/** A format that writes a result as text, row by row. */
export interface TextFormat {
  readonly head: string;
  readonly tail: string;
  readonly separator: string;
  /** Binds the columns to a batch. */
  rows(batch: RecordBatch): (row: number) => string;
}

/** What one slice may cost before others get their turn. */
const SLICE_MS = 2;
const SLICE_LENGTH = 1 << 16;
const ROWS_BETWEEN_CLOCKS = 16;

/**
 * Rows become text in short slices, and the event loop runs between them: a large result must not
 * stop the rest of the server. Nothing is made before the reader asks for it.
 */
export async function* textStream(
  format: TextFormat,
  batches: AsyncIterable<ReadBatch>,
): AsyncGenerator<Uint8Array, void, void> {
  let text = format.head;
  let first = true;
  for await (const { batch, from, to } of batches) {
    const row = format.rows(batch);
    let started = performance.now();
    for (let i = from; i < to; i++) {
      text += first ? row(i) : format.separator + row(i);
      first = false;
      const late = i % ROWS_BETWEEN_CLOCKS === 0 && performance.now() - started > SLICE_MS;
      if (!late && text.length < SLICE_LENGTH) continue;
      yield Buffer.from(text);
      text = '';
      await nextTurn();
      started = performance.now();
    }
    await nextTurn();
  }
  yield Buffer.from(text + format.tail);
}
