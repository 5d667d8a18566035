import { type RecordBatch, RecordBatchStreamWriter } from 'apache-arrow';
import type { BatchRange, ResultFolder } from './result-folder.ts';

const END_MARK = new Uint8Array([255, 255, 255, 255, 0, 0, 0, 0]);

const isWhole = ({ batch, from, to }: BatchRange): boolean => from === 0 && to === batch.rowCount;

/** The record batch message of a part of a batch. */
const encoded = (batch: RecordBatch): Uint8Array => {
  const writer = new RecordBatchStreamWriter();
  writer.write(batch);
  writer.finish();
  const stream = writer.toUint8Array(true);
  // The writer puts the schema message (no body) ahead and the end mark behind.
  const schemaLength = 8 + new DataView(stream.buffer, stream.byteOffset).getInt32(4, true);
  return stream.subarray(schemaLength, stream.length - END_MARK.length);
};

/**
 * An Arrow IPC stream of the rows. Stored batches go out as the bytes that they are; only one that
 * is cut at a border is decoded and written again.
 */
export async function* arrowStream(
  folder: ResultFolder,
  ranges: readonly BatchRange[],
): AsyncGenerator<Uint8Array, void, void> {
  yield folder.schema;
  const head = ranges.filter((range, index) => index === 0 && !isWhole(range));
  const last = ranges.length - 1;
  const foot = ranges.filter((range, index) => index === last && last > 0 && !isWhole(range));
  yield* cut(folder, head);
  yield* folder.bytes(ranges.slice(head.length, ranges.length - foot.length));
  yield* cut(folder, foot);
  yield END_MARK;
}

async function* cut(folder: ResultFolder, ranges: readonly BatchRange[]) {
  for await (const { batch, from, to } of folder.read(ranges)) yield encoded(batch.slice(from, to));
}
