import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ResultManifest } from '../../src/domain/result.ts';
import { HOSTS } from '../support/hosts.ts';
import { poolInside } from '../support/inside-spark.ts';
import { query, type RealDriver, submit } from '../support/real-driver.ts';

const sizeOf = (folder: string): number =>
  readdirSync(folder)
    .filter((file) => file.startsWith('chunk-'))
    .reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);

describe.each(HOSTS)('limits of results of the $name driver', ({ open }) => {
  let real: RealDriver;
  beforeAll(async () => {
    real = await open();
  });

  it.each([
    ['in one partition', 1],
    ['in several', 7],
    ['in many', 200],
  ])('stores a prefix of the rows %s', async (_, partitions) => {
    const running = submit(real, `SELECT id FROM range(0, 1000000, 1, ${partitions})`, {
      maxResultBytes: 1_000_000,
      rowLimit: 2,
    });
    const ending = await running.ended;
    if (ending.end !== 'succeeded') throw new Error(JSON.stringify(ending));
    const { result } = ending;
    expect(result).toMatchObject({ complete: false, truncated: true });
    expect(result.text).toBe('Schema: struct<id:bigint>\n\n[0]\n[1]\n');
    expect(result.byteCount).toBeLessThanOrEqual(1_000_000);
    expect(result.byteCount).toBeGreaterThan(800_000);
    const manifest: ResultManifest = JSON.parse(
      readFileSync(join(running.resultDir, 'manifest.json'), 'utf8'),
    );
    expect(manifest.chunks.map((chunk) => chunk.file).sort()).toEqual(
      readdirSync(running.resultDir)
        .filter((file) => file.startsWith('chunk-'))
        .sort(),
    );
    expect(sizeOf(running.resultDir)).toBe(manifest.byteCount);
    const rows = manifest.chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
    expect(rows).toBe(result.rowCount);
    // Every chunk but the last is a whole partition: nothing is missing in between.
    for (const chunk of manifest.chunks.slice(0, -1)) {
      expect(chunk.rowCount).toBeGreaterThanOrEqual(Math.floor(1_000_000 / partitions));
    }
  });

  it('fails when that is asked for, and leaves nothing', async () => {
    const running = submit(real, 'SELECT id FROM range(0, 1000000, 1, 7)', {
      maxResultBytes: 1_000_000,
      onOverflow: 'FAIL',
    });
    expect(await running.ended).toMatchObject({
      end: 'failed',
      error: { code: 'RESULT_TOO_LARGE', retryable: false },
    });
    expect(existsSync(running.resultDir)).toBe(false);
  });

  it('accepts a result within the limit', async () => {
    const whole = await query(real, 'SELECT id FROM range(0, 1000, 1, 2)');
    const again = await query(real, 'SELECT id FROM range(0, 1000, 1, 2)', {
      maxResultBytes: 2 * whole.byteCount,
      onOverflow: 'FAIL',
    });
    expect(again).toMatchObject({ complete: true, rowCount: 1000 });
  });

  it('bounds the inline text', async () => {
    const result = await query(real, "SELECT repeat('x', 3000000) FROM range(0, 10, 1, 1)");
    expect(result).toMatchObject({ rowCount: 10, truncated: true, complete: true });
    expect(result.text.length).toBeLessThanOrEqual(8 << 20);
    expect(result.text.split('\n').length).toBe(2 + 2 + 1);
  });

  it('shows no rows for a rowLimit of 0', async () => {
    expect(await query(real, 'SELECT 1 AS a', { rowLimit: 0 })).toMatchObject({
      text: 'Schema: struct<a:int>\n\n',
      rowCount: 1,
      truncated: true,
    });
  });

  it('stores 100 million rows with a flat heap', async () => {
    await query(real, 'SELECT 1');
    let peak = 0;
    const running = submit(real, 'SELECT * FROM range(100000000)', { maxResultBytes: 2 ** 40 });
    const watch = setInterval(
      () =>
        void real.driver.stats().then(({ heapUsedBytes }) => {
          peak = Math.max(peak, heapUsedBytes);
        }),
      50,
    );
    const ending = await running.ended;
    clearInterval(watch);
    expect(ending).toMatchObject({
      end: 'succeeded',
      result: { rowCount: 100_000_000, complete: true, truncated: true },
    });
    // 800 MB of rows; the heap of the tests is 1 GiB in all, and most of what is used is garbage.
    expect(peak).toBeLessThan(700 * 2 ** 20);
    expect(running.rowCounts.length).toBeGreaterThan(0);
  });

  it('reports a fraction that only grows, and lines about stages', async () => {
    const running = submit(
      real,
      'SELECT count(*) FROM range(0, 3000000000, 1, 40) a GROUP BY a.id % 3',
    );
    expect(await running.ended).toMatchObject({ end: 'succeeded' });
    expect(running.fractions.length).toBeGreaterThan(0);
    expect(running.fractions).toEqual([...new Set(running.fractions)].sort((a, b) => a - b));
    expect(running.fractions.every((fraction) => fraction > 0 && fraction <= 1)).toBe(true);
    expect(running.logs.join('')).toMatch(/Spark job \d+ started: 40 tasks in 1 stage\n/);
    expect(running.logs.join('')).toMatch(/Stage \d+ ended: 40 tasks in /);
  });

  it('runs a job in its pool', async () => {
    const running = submit(real, 'SELECT count(*) FROM range(0, 10000000000000, 1, 4)', {
      pool: 'low-priority',
    });
    while ((await poolInside(real, 'low-priority')).runningTasks < 2) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    // Spark reads whole weights only: each is multiplied by 100.
    expect(await poolInside(real, 'low-priority')).toEqual({
      weight: 50,
      minShare: 1,
      runningTasks: 2,
    });
    expect(await poolInside(real, 'default')).toEqual({
      weight: 100,
      minShare: 2,
      runningTasks: 0,
    });
    running.cancel();
    await running.ended;
    expect((await poolInside(real, 'low-priority')).runningTasks).toBe(0);
  });
});
