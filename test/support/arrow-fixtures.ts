import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  Column,
  FloatStyle,
  ResultManifest,
  StoredBatch,
  StoredChunk,
} from '../../src/domain/result.ts';

/** What the real Spark stored and printed; made by make-result-fixtures.py. */
export interface ResultFixture {
  readonly name: string;
  readonly sql: string;
  readonly timeZone: string;
  readonly columns: readonly Column[];
  readonly sparkSchema: string;
  readonly schema: string;
  readonly chunks: readonly (readonly { readonly rowCount: number; readonly message: string }[])[];
  readonly text: readonly (readonly (string | null)[])[];
}

const file = new URL('result-fixtures.json', import.meta.url);

const content: { readonly floatStyle: FloatStyle; readonly cases: readonly ResultFixture[] } =
  JSON.parse(readFileSync(file, 'utf8'));

export const RESULT_FIXTURES = content.cases;

export const resultFixture = (name: string): ResultFixture => {
  const found = RESULT_FIXTURES.find((fixture) => fixture.name === name);
  if (found === undefined) throw new Error(`No fixture is called ${name}`);
  return found;
};

const chunkOf = async (
  folder: string,
  index: number,
  rowOffset: number,
  messages: ResultFixture['chunks'][number],
): Promise<StoredChunk> => {
  const bytes = messages.map(({ message }) => Buffer.from(message, 'base64'));
  let offset = 0;
  const batches: StoredBatch[] = messages.map(({ rowCount }, i) => {
    const batch = { offset, length: bytes[i]?.length ?? 0, rowCount };
    offset += batch.length;
    return batch;
  });
  const name = `chunk-${String(index).padStart(5, '0')}.arrow`;
  await writeFile(join(folder, name), Buffer.concat(bytes));
  const rowCount = batches.reduce((sum, batch) => sum + batch.rowCount, 0);
  return { index, file: name, rowOffset, rowCount, byteCount: offset, batches };
};

/** Writes the fixture as the driver host would. */
export const writeResultFolder = async (
  folder: string,
  fixture: ResultFixture,
): Promise<ResultManifest> => {
  await mkdir(folder, { recursive: true });
  const chunks: StoredChunk[] = [];
  let rowCount = 0;
  for (const [index, messages] of fixture.chunks.entries()) {
    const chunk = await chunkOf(folder, index, rowCount, messages);
    rowCount += chunk.rowCount;
    chunks.push(chunk);
  }
  const manifest: ResultManifest = {
    version: 1,
    columns: fixture.columns,
    sparkSchema: fixture.sparkSchema,
    arrowSchema: fixture.schema,
    timeZone: fixture.timeZone,
    floatStyle: content.floatStyle,
    rowCount,
    byteCount: chunks.reduce((sum, chunk) => sum + chunk.byteCount, 0),
    complete: true,
    chunks,
  };
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
  return manifest;
};
