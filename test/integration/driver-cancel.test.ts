import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { HOSTS } from '../support/hosts.ts';
import { query, type RealDriver, type Running, submit } from '../support/real-driver.ts';

const COUNTS_FOREVER = 'SELECT count(*) FROM range(0, 10000000000000, 1, 4)';

/** A union of so many branches that the optimizer needs minutes. */
const PLANS_FOREVER = Array.from(
  { length: 3000 },
  (_, i) => `SELECT ${i} AS a, id + ${i} AS b FROM range(${i + 1}) WHERE id > ${i % 7}`,
).join(' UNION ALL ');

/** An expression of so many terms that each rule walks a long way. */
const DEEP = `SELECT ${Array.from({ length: 3000 }, (_, i) => `id * ${i}`).join(' + ')} AS s FROM range(10)`;

const waitFor = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
};

describe.each(HOSTS)('cancel on the $name driver', ({ open }) => {
  let real: RealDriver;
  beforeAll(async () => {
    real = await open();
    await query(real, 'SELECT count(*) FROM range(1000)');
  });

  const tasks = async (): Promise<number> => (await real.driver.stats()).activeTasks;

  const cancelWhole = async (running: Running): Promise<void> => {
    running.cancel();
    expect(await running.ended).toEqual({ end: 'cancelled' });
    // The slots are free now, not some time later.
    expect(await tasks()).toBe(0);
    expect(existsSync(running.resultDir)).toBe(false);
    expect((await query(real, 'SELECT count(*) FROM range(0, 100, 1, 2)')).text).toContain('[100]');
    expect(running.ends).toHaveLength(1);
  };

  it('stops tasks that run', async () => {
    const running = submit(real, COUNTS_FOREVER);
    await waitFor(async () => (await tasks()) === 2);
    await cancelWhole(running);
  });

  it.each([
    ['many branches', PLANS_FOREVER],
    ['a deep expression', DEEP.replaceAll('id *', '(SELECT max(id) FROM range(3)) *')],
  ])('stops a statement that is being planned: %s', async (_, code) => {
    const running = submit(real, code);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(running.ends).toEqual([]);
    await cancelWhole(running);
  });

  it('stops one that writes its rows', async () => {
    const running = submit(real, 'SELECT * FROM range(0, 1000000000000, 1, 4)', {
      maxResultBytes: 1 << 40,
    });
    await waitFor(() => existsSync(running.resultDir));
    await waitFor(async () => (await tasks()) === 2);
    await cancelWhole(running);
  });

  it('stops one that waits in a queue of tasks', async () => {
    const hog = submit(real, COUNTS_FOREVER);
    await waitFor(async () => (await tasks()) === 2);
    const waiting = submit(real, 'SELECT count(*) FROM range(0, 10000000000000, 1, 64)');
    await waitFor(() => waiting.logs.length > 0);
    waiting.cancel();
    expect(await waiting.ended).toEqual({ end: 'cancelled' });
    await cancelWhole(hog);
  });

  it('stops one before it has begun', async () => {
    const running = submit(real, COUNTS_FOREVER);
    await cancelWhole(running);
  });

  it('forgives a cancel of what is unknown, has ended, or is being cancelled', async () => {
    real.driver.cancel('no-such-job');
    const ended = submit(real, 'SELECT 1');
    expect(await ended.ended).toMatchObject({ end: 'succeeded' });
    ended.cancel();
    const running = submit(real, COUNTS_FOREVER);
    running.cancel();
    running.cancel();
    expect(await running.ended).toEqual({ end: 'cancelled' });
    await query(real, 'SELECT 1');
    expect([ended.ends.length, running.ends.length]).toEqual([1, 1]);
    expect(existsSync(ended.resultDir)).toBe(true);
  });

  it('ends each job exactly once, however cancel and end race', async () => {
    const all: Running[] = [];
    for (let i = 0; i < 60; i++) {
      const running = submit(real, `SELECT sum(id) FROM range(0, ${1000 + i}, 1, 2)`);
      setTimeout(() => running.cancel(), i * 2);
      all.push(running);
    }
    const endings = await Promise.all(all.map((running) => running.ended));
    await query(real, 'SELECT 1');
    expect(all.map((running) => running.ends.length)).toEqual(all.map(() => 1));
    for (const [i, ending] of endings.entries()) {
      expect(['succeeded', 'cancelled']).toContain(ending.end);
      expect(existsSync(all[i]?.resultDir ?? '')).toBe(ending.end === 'succeeded');
    }
    expect(endings.some((ending) => ending.end === 'cancelled')).toBe(true);
  });
});
