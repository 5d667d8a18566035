import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { HOSTS } from '../support/hosts.ts';
import {
  deafenListeners,
  STOP_CONTEXT,
  stopContextBehindTheDriver,
} from '../support/inside-spark.ts';
import { query, type RealDriver, submit } from '../support/real-driver.ts';

describe.each(HOSTS)('recovery of the $name driver', ({ open }) => {
  let real: RealDriver;
  beforeAll(async () => {
    real = await open();
  });

  it('loses the jobs of a context that ends, and makes a new one', async () => {
    const heard: string[] = [];
    real.driver.onContextLost((cause) => heard.push(`lost: ${cause}`));
    const ready = new Promise<string>((resolve) => {
      real.driver.onReady((info) => resolve(info.appId));
    });
    await query(real, 'CREATE TEMP VIEW gone AS SELECT 1');
    await real.driver.openSession('light-gone', {});
    const running = [
      submit(real, 'SELECT count(*) FROM range(0, 10000000000000, 1, 4)'),
      submit(real, 'SELECT * FROM range(0, 10000000000000, 1, 4)', { maxResultBytes: 2 ** 40 }),
    ];
    while ((await real.driver.stats()).activeTasks < 2) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await stopContextBehindTheDriver(real);
    for (const job of running) {
      expect(await job.ended).toMatchObject({
        end: 'lost',
        error: { code: 'DRIVER_LOST', retryable: true },
      });
    }
    const appId = await ready;
    expect(heard).toHaveLength(1);
    expect(heard[0]).toContain('SparkContext ended');
    expect(appId).not.toBe(real.info.appId);

    expect((await query(real, 'SELECT count(*) FROM range(0, 10, 1, 2)')).text).toContain('[10]');
    expect((await query(real, "SHOW VIEWS LIKE 'gone'")).rowCount).toBe(0);
    expect(await submit(real, 'SELECT 1', { sessionId: 'light-gone' }).ended).toMatchObject({
      end: 'lost',
      error: { code: 'SESSION_LOST' },
    });
    expect(running.map((job) => [job.ends.length, existsSync(job.resultDir)])).toEqual([
      [1, false],
      [1, false],
    ]);
    // The planner still heeds cancels: Spark sets its own getter anew with each context.
    const planned = submit(
      real,
      Array.from({ length: 5000 }, (_, i) => `SELECT ${i} AS a FROM range(${i + 1})`).join(
        ' UNION ALL ',
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    planned.cancel();
    expect(await planned.ended).toEqual({ end: 'cancelled' });
  });

  it('notices the end of a context even when no listener tells of it', async () => {
    const lost = new Promise<string>((resolve) => real.driver.onContextLost(resolve));
    const ready = new Promise<void>((resolve) => real.driver.onReady(() => resolve()));
    await deafenListeners(real);
    await stopContextBehindTheDriver(real);
    expect(await lost).toContain('SparkContext ended');
    await ready;
    expect((await query(real, 'SELECT count(*) FROM range(0, 10, 1, 2)')).text).toContain('[10]');
  });

  it('survives a job that stops the context, and is interrupted at that', async () => {
    const ready = new Promise<void>((resolve) => real.driver.onReady(() => resolve()));
    const job = submit(real, STOP_CONTEXT, { kind: 'python' });
    expect(await job.ended).toMatchObject({ end: 'lost', error: { code: 'DRIVER_LOST' } });
    await ready;
    expect((await query(real, 'SELECT count(*) FROM range(0, 10, 1, 2)')).text).toContain('[10]');
  });
});
