import { z } from 'zod';
import { FLOAT_STYLES, type ResultManifest } from '../domain/result.ts';

const count = z.number().int().nonnegative();

const schema = z.object({
  version: z.literal(1),
  columns: z.array(z.object({ name: z.string(), type: z.string(), nullable: z.boolean() })),
  sparkSchema: z.string(),
  arrowSchema: z.base64(),
  timeZone: z.string(),
  floatStyle: z.enum(FLOAT_STYLES),
  rowCount: count,
  byteCount: count,
  complete: z.boolean(),
  chunks: z.array(
    z.object({
      index: count,
      // The manifest comes from the driver, where user code runs: it may name files of its folder only.
      file: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/),
      rowOffset: count,
      rowCount: count,
      byteCount: count,
      batches: z.array(z.object({ offset: count, length: count, rowCount: count })),
    }),
  ),
});

/** What a client would otherwise see as missing or doubled rows. */
const assertContiguous = (manifest: ResultManifest): void => {
  let rows = 0;
  for (const chunk of manifest.chunks) {
    const batchRows = chunk.batches.reduce((sum, batch) => sum + batch.rowCount, 0);
    if (chunk.rowOffset !== rows || chunk.rowCount !== batchRows) {
      throw new Error(`The rows of ${chunk.file} do not fit the manifest`);
    }
    rows += chunk.rowCount;
  }
  if (rows !== manifest.rowCount) throw new Error('The row counts of the manifest do not add up');
};

/** Reads a manifest; throws when it is not one. */
export const parseManifest = (text: string): ResultManifest => {
  const manifest = schema.parse(JSON.parse(text));
  assertContiguous(manifest);
  return manifest;
};
