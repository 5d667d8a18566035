import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ResultFolder } from '../../src/results/result-folder.ts';
import { plainFormat } from '../../src/results/text-formats.ts';
import { textStream } from '../../src/results/text-stream.ts';
import { RESULT_FIXTURES, writeResultFolder } from '../support/arrow-fixtures.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'libra-results-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('the text of every type is what Spark prints', () => {
  for (const fixture of RESULT_FIXTURES) {
    it(fixture.name, async () => {
      const path = join(root, fixture.name.replace(/[^A-Za-z0-9-]/g, '_'));
      await writeResultFolder(path, fixture);
      const folder = await ResultFolder.open(path);
      const ranges = folder.ranges(0, folder.manifest.rowCount);
      const parts: Uint8Array[] = [];
      for await (const part of textStream(plainFormat(folder.manifest), folder.read(ranges))) {
        parts.push(part);
      }
      const lines = fixture.text.map((row) => `[${row.map((cell) => cell ?? 'null').join(',')}]\n`);
      const fields = fixture.columns.map(({ name, type }) => `${name}:${type}`).join(',');
      expect(Buffer.concat(parts).toString()).toBe(
        `Schema: struct<${fields}>\n\n${lines.join('')}`,
      );
    });
  }
});
