import { beforeEach, describe, expect, test } from 'vitest';
import type { Pool } from '../../src/domain/pool.ts';
import { isWeight } from '../../src/domain/pool.ts';
import { PoolRegistry } from '../../src/pools/pool-registry.ts';
import { PoolUsage } from '../../src/pools/pool-usage.ts';
import { PoolWaits } from '../../src/pools/pool-waits.ts';
import { DriverGate } from '../../src/sessions/driver-gate.ts';
import { Tally } from '../../src/util/tally.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { HandDriver } from '../support/hand-driver.ts';

const aPool = (name: string, fields: Partial<Pool> = {}): Pool => ({
  name,
  schedulingMode: 'FAIR',
  weight: 1,
  minShare: 0,
  maxRunning: null,
  maxQueued: null,
  ...fields,
});

let clock: FakeClock;
beforeEach(() => {
  clock = new FakeClock();
});

describe('weights', () => {
  test.each([0.01, 0.5, 0.57, 1, 1.1, 2.29, 3, 999_999.99])('%d is one', (weight) => {
    expect(isWeight(weight)).toBe(true);
  });
  test.each([0, -1, 0.001, 0.555, 1.005, 1_000_000, Number.NaN, Number.POSITIVE_INFINITY])(
    '%d is none',
    (weight) => {
      expect(isWeight(weight)).toBe(false);
    },
  );
});

describe('a tally', () => {
  test('counts by name and in all, and never below nothing', () => {
    const tally = new Tally();
    tally.add('a');
    tally.add('a');
    tally.add('b');
    tally.remove('a');
    expect([tally.of('a'), tally.of('b'), tally.of('c'), tally.total]).toEqual([1, 1, 0, 2]);
    tally.remove('b');
    expect(() => tally.remove('b')).toThrow('none of b');
    expect(tally.total).toBe(1);
  });
});

describe('the registry', () => {
  const file = [aPool('default'), aPool('low'), aPool('high', { weight: 3 })];

  test('lays what was changed over the file, in the order of the file', () => {
    const registry = new PoolRegistry(file);
    registry.load([
      { name: 'new', pool: aPool('new') },
      { name: 'high', pool: aPool('high', { weight: 5 }) },
      { name: 'low', pool: null },
      { name: 'unheard-of', pool: null },
    ]);
    expect(registry.all().map(({ name, weight, source }) => [name, weight, source])).toEqual([
      ['default', 1, 'FILE'],
      ['high', 5, 'API'],
      ['new', 1, 'API'],
    ]);
    expect(registry.names()).toEqual(['default', 'high', 'new']);
    expect(registry.get('low')).toBe(undefined);
    expect([registry.isOfFile('low'), registry.isOfFile('new')]).toEqual([true, false]);
  });

  test('tells of each change when it is in force', () => {
    const registry = new PoolRegistry(file);
    const heard: string[][] = [];
    registry.onChange((pools) => {
      heard.push(pools.map(({ name }) => name));
      expect(registry.names()).toEqual(heard.at(-1));
    });
    registry.put({ ...aPool('new'), source: 'API' });
    registry.remove('low');
    expect(heard).toEqual([
      ['default', 'low', 'high', 'new'],
      ['default', 'high', 'new'],
    ]);
  });
});

describe('waiting times', () => {
  test('are those that jobs had, of the last five minutes', async () => {
    const waits = new PoolWaits(clock);
    expect(waits.of('p')).toEqual({ p50: null, p95: null });
    waits.record('p', 90_000);
    await clock.advance(200_000);
    for (let ms = 1; ms <= 20; ms += 1) waits.record('p', ms);
    waits.record('q', 7);
    expect(waits.of('p')).toEqual({ p50: 11, p95: 20 });
    await clock.advance(101_000);
    expect(waits.of('p')).toEqual({ p50: 10, p95: 19 });
    expect(waits.of('q')).toEqual({ p50: 7, p95: 7 });
    await clock.advance(300_000);
    expect(waits.of('p')).toEqual({ p50: null, p95: null });
  });

  test('are those of the last thousand, and of pools that there are', () => {
    const waits = new PoolWaits(clock);
    for (let n = 0; n < 3000; n += 1) waits.record('p', n);
    expect(waits.of('p')).toEqual({ p50: 2499, p95: 2949 });
    waits.keep(new Set(['q']));
    expect(waits.of('p').p50).toBe(null);
  });
});

describe('the use of Spark', () => {
  const stats = (name: string, runningTasks: number, taskTimeMs: number) => ({
    name,
    runningTasks,
    taskTimeMs,
  });
  const aHandle = () => {
    const driver = new HandDriver();
    const handle = { driver, gate: new DriverGate(driver, clock) };
    driver.ready();
    return handle;
  };
  let handles: ReturnType<typeof aHandle>[];
  let busy: boolean;
  let usage: PoolUsage;
  beforeEach(() => {
    handles = [aHandle(), aHandle()];
    busy = true;
    usage = new PoolUsage({ drivers: () => handles, isBusy: () => busy, clock });
  });
  const say = (driver: number, ...pools: ReturnType<typeof stats>[]) => {
    const handle = handles[driver];
    if (handle !== undefined) handle.driver.usage = async () => pools;
  };

  test('is that of all drivers together', async () => {
    expect(usage.read()('p')).toEqual({ slotsInUse: 0, shareReached: null, taskSeconds: 0 });
    usage.watch();
    say(0, stats('p', 2, 3000), stats('q', 1, 500));
    say(1, stats('p', 1, 500));
    await usage.refresh();
    const of = usage.read();
    expect(of('p')).toEqual({ slotsInUse: 3, shareReached: 0.875, taskSeconds: 3.5 });
    expect(of('q')).toEqual({ slotsInUse: 1, shareReached: 0.125, taskSeconds: 0.5 });
    expect(of('r')).toEqual({ slotsInUse: 0, shareReached: 0, taskSeconds: 0 });
  });

  test('is of the last minute as far as shares go', async () => {
    usage.watch();
    say(0, stats('p', 1, 10_000), stats('q', 0, 0));
    await clock.advance(30_000);
    expect(usage.read()('p').shareReached).toBe(1);
    say(0, stats('p', 1, 20_000), stats('q', 1, 30_000));
    await clock.advance(40_000);
    // The first ten seconds of p are more than a minute ago.
    expect(usage.read()('p')).toEqual({ slotsInUse: 1, shareReached: 0.25, taskSeconds: 20 });
    busy = false;
    await clock.advance(120_000);
    expect(usage.read()('p')).toMatchObject({ shareReached: null, taskSeconds: 20 });
    expect(clock.timers).toBe(0);
    // After a pause, what was before it is not of the last minute.
    busy = true;
    usage.watch();
    say(0, stats('p', 1, 20_100), stats('q', 1, 30_300));
    await clock.advance(5000);
    expect(usage.read()('p').shareReached).toBe(0.25);
  });

  test('outlives drivers and their contexts, which count anew', async () => {
    say(0, stats('p', 1, 1000));
    say(1, stats('p', 1, 2000));
    await usage.refresh();
    handles[0]?.driver.lose();
    await usage.refresh();
    expect(usage.read()('p')).toMatchObject({ slotsInUse: 1, taskSeconds: 3 });
    say(0, stats('p', 2, 5000));
    handles[0]?.driver.ready();
    await usage.refresh();
    expect(usage.read()('p')).toMatchObject({ slotsInUse: 3, taskSeconds: 8 });
    handles = [];
    await usage.refresh();
    expect(usage.read()('p')).toMatchObject({ slotsInUse: 0, taskSeconds: 8 });
  });

  test('does not wait for a driver that hangs, and asks it once', async () => {
    let asked = 0;
    say(1, stats('p', 1, 1000));
    const hanging = handles[0] as ReturnType<typeof aHandle>;
    hanging.driver.usage = () => {
      asked += 1;
      return new Promise(() => {});
    };
    const first = usage.refresh();
    await clock.advance(300);
    await first;
    expect(usage.read()('p').slotsInUse).toBe(1);
    say(1, stats('p', 2, 2000));
    // At once, by a clock that stands still.
    await usage.refresh();
    expect(usage.read()('p').slotsInUse).toBe(2);
    expect(asked).toBe(1);
  });

  test('of pools that are gone is forgotten, and begins anew with a new one of the name', async () => {
    usage.watch();
    say(0, stats('p', 1, 5000), stats('q', 0, 1000));
    await clock.advance(5000);
    usage.keep(new Set(['q']));
    expect(usage.read()('p').taskSeconds).toBe(0);
    expect(usage.read()('q').shareReached).toBe(1);
    say(0, stats('p', 1, 1000), stats('q', 0, 1000));
    await clock.advance(1000);
    await usage.refresh();
    expect(usage.read()('p')).toMatchObject({ shareReached: 0.5, taskSeconds: 1 });
  });
});
