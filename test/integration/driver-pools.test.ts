import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FairPool } from '../../src/domain/pool.ts';
import { HOSTS } from '../support/hosts.ts';
import { poolInside, poolsInside, stopContextBehindTheDriver } from '../support/inside-spark.ts';
import { CONFIG, query, type RealDriver, type Running, submit } from '../support/real-driver.ts';

const ENDLESS = 'SELECT count(*) FROM range(0, 10000000000000, 1, 4)';

const pool = (name: string, weight: number, minShare = 0): FairPool => ({
  name,
  schedulingMode: 'FAIR',
  weight,
  minShare,
});
const waitFor = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
};

describe.each(HOSTS)('pools of the $name driver', ({ name, open }) => {
  let real: RealDriver;
  beforeAll(async () => {
    real = await open();
  });
  // Other suites have this driver as well.
  afterAll(() => real.driver.setPools(CONFIG.pools));

  const usage = async (of: string) =>
    (await real.driver.stats()).pools.find((each) => each.name === of);
  const running = async (of: string): Promise<Running> => {
    const job = submit(real, ENDLESS, { pool: of });
    await waitFor(async () => ((await usage(of))?.runningTasks ?? 0) > 0);
    return job;
  };
  const ended = async (...jobs: readonly Running[]): Promise<void> => {
    for (const job of jobs) job.cancel();
    for (const job of jobs) expect(await job.ended).toEqual({ end: 'cancelled' });
  };

  it('change under what runs in them', async () => {
    await real.driver.setPools([pool('default', 1), pool('etl', 0.5)]);
    const job = await running('etl');
    await real.driver.setPools([pool('default', 1), pool('etl', 2.5, 3)]);
    expect(await poolInside(real, 'etl')).toEqual({ weight: 250, minShare: 3, runningTasks: 2 });
    await ended(job);
    expect((await poolInside(real, 'etl')).runningTasks).toBe(0);
  });

  it('are there for what is submitted next, without waiting', async () => {
    void real.driver.setPools([pool('default', 1), pool('brand-new', 4)]);
    const job = await running('brand-new');
    expect(await poolInside(real, 'brand-new')).toMatchObject({ weight: 400, runningTasks: 2 });
    await ended(job);
  });

  it('are never made by Spark itself', async () => {
    await real.driver.setPools([pool('default', 1), pool('etl', 1)]);
    const job = submit(real, ENDLESS, { pool: 'gone' });
    await waitFor(async () => ((await usage('default'))?.runningTasks ?? 0) > 0);
    expect(await poolsInside(real)).toEqual(['default', 'etl']);
    expect(await usage('gone')).toBe(undefined);
    await ended(job);
  });

  it('count the time of their tasks, and what runs', async () => {
    await real.driver.setPools([pool('default', 1), pool('timed', 1)]);
    const job = await running('timed');
    const first = await usage('timed');
    await waitFor(async () => (await usage('timed'))?.taskTimeMs !== first?.taskTimeMs);
    expect(await usage('timed')).toMatchObject({ runningTasks: 2 });
    await ended(job);
    await waitFor(async () => (await usage('timed'))?.runningTasks === 0);
    const total = (await usage('timed'))?.taskTimeMs;
    await query(real, 'SELECT count(*) FROM range(0, 10, 1, 2)');
    expect((await usage('timed'))?.taskTimeMs).toBe(total);
    expect((await usage('default'))?.taskTimeMs).toBeGreaterThan(0);
  });

  it('are the same in a context that is made anew', async () => {
    await real.driver.setPools([pool('default', 1), pool('kept', 6)]);
    const ready = new Promise<void>((resolve) => real.driver.onReady(() => resolve()));
    await stopContextBehindTheDriver(real);
    // While there is none.
    await real.driver.setPools([pool('default', 1), pool('kept', 7)]);
    await ready;
    expect(await poolsInside(real)).toEqual(['default', 'kept']);
    expect((await poolInside(real, 'kept')).weight).toBe(700);
  });

  // Of the driver in this process there is no other process.
  if (name !== 'child') return;

  it('are the same in the process that takes its place', async () => {
    await real.driver.setPools([pool('default', 1), pool('kept', 8)]);
    const lost = new Promise<string>((resolve) => real.driver.onContextLost(resolve));
    const ready = new Promise<void>((resolve) => real.driver.onReady(() => resolve()));
    process.kill(real.pid(), 'SIGKILL');
    await lost;
    // While there is none.
    await real.driver.setPools([pool('default', 1), pool('kept', 9)]);
    await ready;
    expect((await poolInside(real, 'kept')).weight).toBe(900);
  });
});
