import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JvmStats } from '../../src/drivers/driver.ts';
import { DriverGate } from '../../src/sessions/driver-gate.ts';
import { HealthService } from '../../src/sessions/health-service.ts';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { HandDriver } from '../support/hand-driver.ts';

let dir: string;
let store: SqliteStore;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'libra-health-'));
  store = new SqliteStore({ dataDir: dir });
  await store.open();
});
afterEach(async () => {
  await store.close();
  await rm(dir, { recursive: true, force: true });
});

const setUp = (over: Partial<{ store: Store; dataDir: string }> = {}) => {
  const clock = new FakeClock();
  const driver = new HandDriver();
  const gate = new DriverGate(driver, clock);
  let stopping = false;
  const health = new HealthService({
    store,
    driver,
    gate,
    clock,
    dataDir: dir,
    isStopping: () => stopping,
    activeSessions: () => 1,
    ...over,
  });
  return { clock, driver, gate, health, stop: () => (stopping = true) };
};

test('is up when disk, store and driver are', async () => {
  const { driver, health } = setUp();
  expect((await health.components()).spark).toEqual({
    status: 'DOWN',
    details: { reason: 'The driver starts.' },
  });
  driver.ready();
  const components = await health.components();
  expect(Object.values(components).map(({ status }) => status)).toEqual(['UP', 'UP', 'UP', 'UP']);
  expect(components.diskSpace.details.free).toBeGreaterThan(0);
  expect(await health.ready()).toEqual({ ready: true, reason: null });
});

test('a driver that was lost, or could not start, is down with its reason', async () => {
  const { driver, gate, health } = setUp();
  gate.failed('port 7078 is taken');
  expect(await health.ready()).toEqual({ ready: false, reason: 'port 7078 is taken' });
  driver.ready();
  driver.lose('gone');
  expect((await health.components()).spark.details).toEqual({ reason: 'gone' });
  driver.ready();
  expect((await health.ready()).ready).toBe(true);
});

test('a driver that does not answer any more is down, and up again when it does', async () => {
  const { clock, driver, health } = setUp();
  let answers: ((stats: JvmStats) => void)[] = [];
  driver.stats = () => new Promise((resolve) => void answers.push(resolve));
  driver.ready();
  health.start();
  await clock.advance(35_000);
  expect(answers).toHaveLength(1);
  expect((await health.ready()).reason).toMatch(/silent/);
  for (const answer of answers.splice(0)) answer({} as JvmStats);
  await clock.advance(0);
  expect((await health.ready()).ready).toBe(true);
  health.stop();
  answers = [];
});

test('a store that does not work is asked once in a while, and not ready', async () => {
  let asked = 0;
  let ok = false;
  const broken = Object.create(store, {
    health: {
      value: async () => {
        asked += 1;
        return { ok, detail: 'disk full', bytes: 0 };
      },
    },
  }) as Store;
  const { clock, driver, health } = setUp({ store: broken });
  driver.ready();
  await Promise.all(Array.from({ length: 100 }, () => health.ready()));
  expect(asked).toBe(1);
  expect((await health.components()).store).toEqual({
    status: 'DOWN',
    details: { bytes: 0, error: 'disk full' },
  });
  ok = true;
  await clock.advance(2000);
  expect((await health.ready()).ready).toBe(true);
});

test('a folder that is gone is a disk that is down', async () => {
  const { health } = setUp({ dataDir: join(dir, 'nowhere') });
  expect((await health.components()).diskSpace).toEqual({
    status: 'DOWN',
    details: { error: 'ENOENT' },
  });
});

test('a server that stops is not ready', async () => {
  const { driver, health, stop } = setUp();
  driver.ready();
  stop();
  expect(await health.ready()).toEqual({ ready: false, reason: 'The server is stopping.' });
});
