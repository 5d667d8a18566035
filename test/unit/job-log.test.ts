import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { JobLog } from '../../src/jobs/job-log.ts';

let dir: string;
const warnings: string[] = [];
const log = {
  debug: () => {},
  info: () => {},
  warn: (_fields: object, message: string) => void warnings.push(message),
  error: () => {},
};
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'libra-log-'));
  warnings.length = 0;
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('the log of a job', () => {
  test('keeps what was printed in its order, each stream by itself', async () => {
    const logs = new JobLog({ dir, log });
    let expected = '';
    for (let n = 0; n < 5000; n += 1) {
      logs.append('a', 'stdout', `line ${n}\n`);
      expected += `line ${n}\n`;
      if (n % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    logs.append('a', 'stderr', 'oops\n');
    const page = await logs.read('a', 'stdout', 0, 1 << 20);
    expect(page.text).toBe(expected);
    expect(page.nextOffset).toBe(page.size);
    expect((await logs.read('a', 'stderr', 0, 100)).text).toBe('oops\n');
  });

  test('of a job that prints nothing is empty, and has no folder', async () => {
    const logs = new JobLog({ dir: join(dir, 'logs'), log });
    logs.append('a', 'stdout', '');
    await logs.close('a');
    expect(await logs.read('a', 'stdout', -100, 100)).toEqual({ text: '', nextOffset: 0, size: 0 });
    expect(await readdir(dir)).toEqual([]);
  });

  test('is read in pages that never cut a character', async () => {
    const logs = new JobLog({ dir, log });
    const text = 'aé日🎉'.repeat(200);
    logs.append('a', 'stdout', text);
    for (const limit of [1, 2, 3, 4, 5, 7, 64]) {
      let read = '';
      let offset = 0;
      for (;;) {
        const page = await logs.read('a', 'stdout', offset, limit);
        if (page.text === '') break;
        expect(page.nextOffset).toBeGreaterThan(offset);
        read += page.text;
        offset = page.nextOffset;
      }
      expect(read).toBe(text);
    }
  });

  test('has a tail, which starts with a whole character', async () => {
    const logs = new JobLog({ dir, log });
    logs.append('a', 'stdout', 'begin 🎉 end');
    expect((await logs.read('a', 'stdout', -4, 100)).text).toBe(' end');
    expect((await logs.read('a', 'stdout', -6, 100)).text).toBe(' end');
    expect((await logs.read('a', 'stdout', -8, 100)).text).toBe('🎉 end');
    expect((await logs.read('a', 'stdout', -1000, 100)).text).toBe('begin 🎉 end');
    expect(await logs.read('a', 'stdout', 1000, 100)).toMatchObject({ text: '', nextOffset: 14 });
  });

  test('is bounded, and says where it was cut', async () => {
    const logs = new JobLog({ dir, log, maxBytes: 1000 });
    for (let n = 0; n < 500; n += 1) logs.append('a', 'stdout', 'é'.repeat(7));
    await logs.close('a');
    const { text, size } = await logs.read('a', 'stdout', 0, 10_000);
    expect(text).toMatch(/^é+\n\[the output ends here: more than 1000 bytes are not kept\]\n$/);
    expect(size).toBeLessThan(1100);
    logs.append('a', 'stdout', 'more');
    await logs.close('a');
    expect((await logs.read('a', 'stdout', 0, 10_000)).size).toBe(size);
  });

  test('does not hold what a slow disk cannot take', async () => {
    const logs = new JobLog({ dir, log });
    const megabyte = 'x'.repeat(1 << 20);
    for (let n = 0; n < 20; n += 1) logs.append('a', 'stdout', megabyte);
    await logs.close('a');
    const { size } = await logs.read('a', 'stdout', 0, 10);
    expect(size).toBeLessThan(5 << 20);
    expect((await logs.read('a', 'stdout', -100, 100)).text).toContain('the output ends here');
  });

  test('that cannot be written costs a line in the log of the server, not more', async () => {
    const file = join(dir, 'file');
    await writeFile(file, '');
    const logs = new JobLog({ dir: file, log });
    logs.append('a', 'stdout', 'x');
    await logs.close('a');
    expect(warnings).toEqual(['output of a job could not be written']);
  });

  test('goes with its job', async () => {
    const logs = new JobLog({ dir, log });
    logs.append('a', 'stdout', 'x');
    logs.append('b', 'stdout', 'y');
    await logs.remove('a');
    expect(await readdir(dir)).toEqual(['b']);
    await logs.closeAll();
  });
});
