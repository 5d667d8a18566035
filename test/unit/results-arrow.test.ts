import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordBatchReader, type Table, tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arrowStream } from '../../src/results/arrow-stream.ts';
import { ResultFolder } from '../../src/results/result-folder.ts';
import { RESULT_FIXTURES, resultFixture, writeResultFolder } from '../support/arrow-fixtures.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'libra-results-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const open = async (name: string): Promise<ResultFolder> => {
  const path = join(root, name.replace('/', '_'));
  await writeResultFolder(path, resultFixture(name));
  return ResultFolder.open(path);
};

const bytesOf = async (folder: ResultFolder, offset: number, end: number): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  for await (const part of arrowStream(folder, folder.ranges(offset, end))) parts.push(part);
  return Buffer.concat(parts);
};

const rowsOf = (table: Table): string[] =>
  table
    .toArray()
    .map((row) =>
      JSON.stringify(row, (_, value) =>
        typeof value === 'bigint' || value instanceof Uint32Array ? String(value) : value,
      ),
    );

describe('Arrow', () => {
  for (const fixture of RESULT_FIXTURES) {
    it(`sends ${fixture.name} whole as the bytes that are stored`, async () => {
      const folder = await open(fixture.name);
      const stored = [
        Buffer.from(fixture.schema, 'base64'),
        ...fixture.chunks.flat().map(({ message }) => Buffer.from(message, 'base64')),
        Buffer.from('ffffffff00000000', 'hex'),
      ];
      const bytes = await bytesOf(folder, 0, folder.manifest.rowCount);
      expect(bytes.equals(Buffer.concat(stored))).toBe(true);
    });

    it(`cuts ${fixture.name} at every row`, async () => {
      const folder = await open(fixture.name);
      const count = folder.manifest.rowCount;
      const whole = tableFromIPC(await bytesOf(folder, 0, count));
      expect(whole.numRows).toBe(count);
      const all = rowsOf(whole);
      for (let offset = 0; offset < count; offset++) {
        for (const end of new Set([offset + 1, Math.min(count, offset + 9), count])) {
          const part = tableFromIPC(await bytesOf(folder, offset, end));
          expect(rowsOf(part)).toEqual(all.slice(offset, end));
        }
      }
    });
  }

  it('writes only what is cut anew: the batches between go out as they are', async () => {
    const fixture = resultFixture('many-chunks');
    const folder = await open('many-chunks');
    const bytes = await bytesOf(folder, 3, 48);
    const middle = fixture.chunks.flat().slice(1, -1);
    for (const { message } of middle)
      expect(bytes.includes(Buffer.from(message, 'base64'))).toBe(true);
    const reader = RecordBatchReader.from(bytes);
    expect([...reader].map((batch) => batch.numRows)).toEqual([4, 7, 2, 7, 7, 3, 7, 7, 1]);
  });

  it('is a schema alone for no rows', async () => {
    const folder = await open('many-chunks');
    const table = tableFromIPC(await bytesOf(folder, 50, 50));
    expect(table.numRows).toBe(0);
    expect(table.schema.names).toEqual(['id', 's', 'even', 'l', 'st', 'd']);
  });
});
