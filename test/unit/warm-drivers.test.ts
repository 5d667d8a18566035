import { afterEach, describe, expect, test } from 'vitest';
import { ANYONE, CoreFixture } from '../support/core-fixture.ts';
import { settled } from '../support/fake-clock.ts';

const GIB = 2 ** 30;
const RUN_TIME = { 'spark.sql.ansi.enabled': 'true' };
const FIXED = 'spark.driver.memory';

let core: CoreFixture;
const start = async (settings: Parameters<typeof CoreFixture.start>[0] = {}) => {
  core = await CoreFixture.start({ warmDrivers: 2, ...settings });
  core.driver.fixedKeys = [FIXED];
  await settled();
};
afterEach(() => core.stop());

const create = (sessionId: string, sparkConfig: Record<string, string> = {}) =>
  core.core.sessions.create(
    ANYONE,
    { sessionId, mode: 'ISOLATED', sparkConfig, idleTimeoutMs: null },
    null,
  );
const stateOf = async (id: string) => {
  await settled();
  return (await core.core.sessions.get(ANYONE, id)).session.state;
};
const drivers = async () => {
  await settled();
  return core.core.gauges.fleet.drivers.map(({ purpose, state }) => `${purpose} ${state}`).sort();
};
const readyAll = async () => {
  for (const made of core.maker.live) made.ready();
  await settled();
};
const warned = () => core.logged.filter(({ message }) => message.includes('no room')).length;

describe('warm drivers', () => {
  test('start when the shared driver is there, with the default configuration', async () => {
    await start({ driverReady: false });
    expect(core.maker.made).toEqual([]);
    core.driver.ready();
    expect(await drivers()).toEqual(['warm starting', 'warm starting']);
    expect(core.maker.made.map(({ settings }) => settings)).toEqual([{}, {}]);
    core.driver.lose();
    core.driver.ready();
    expect((await drivers()).length).toBe(2);
  });

  test('one is taken at once, with the settings set in it, and the stock is filled again', async () => {
    await start();
    await readyAll();
    const { view } = await create('a', RUN_TIME);
    expect(view).toMatchObject({ session: { state: 'RUNNING' }, appId: 'app-1' });
    expect(core.maker.at(0).driver.sessions.get('a')).toEqual(RUN_TIME);
    expect(await drivers()).toEqual(['isolated ready', 'warm ready', 'warm starting']);
    expect((await core.running({}, { session: 'a' })).state).toBe('RUNNING');
  });

  test('one whose process dies as it is taken brings its session another one', async () => {
    await start();
    await readyAll();
    const made = core.maker.at(0);
    made.driver.opening = async () => {
      made.driver.opening = async () => {};
      made.driver.lose('did not answer for 20 s and was killed');
      throw new Error('its process is gone');
    };
    const { view } = await create('a', RUN_TIME);
    expect(view.session.state).toBe('STARTING');
    const job = await core.submit({}, { session: 'a' });
    expect(job.waitingFor).toBe('DRIVER');
    made.driver.ready();
    expect(await stateOf('a')).toBe('RUNNING');
    expect(made.driver.sessions.get('a')).toEqual(RUN_TIME);
    expect(await core.stateOf(job.id)).toBe('RUNNING');
  });

  test('one that still starts is taken rather than another started', async () => {
    await start();
    expect((await create('a')).view.session.state).toBe('STARTING');
    expect(await drivers()).toEqual(['isolated starting', 'warm starting', 'warm starting']);
    core.maker.at(0).ready();
    expect(await stateOf('a')).toBe('RUNNING');
  });

  test('none is taken for settings that cannot be set in it', async () => {
    await start();
    await readyAll();
    await create('a', { [FIXED]: '2g' });
    expect(await drivers()).toEqual(['isolated starting', 'warm ready', 'warm ready']);
    expect(core.maker.at(2).settings).toEqual({ [FIXED]: '2g' });
  });

  test('settings that Spark refuses are a 400, and leave nothing', async () => {
    await start();
    await readyAll();
    core.maker.at(0).driver.opening = async () => {
      throw new Error('spark.sql.ansi.enabled should be boolean');
    };
    await expect(create('a', RUN_TIME)).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringContaining('should be boolean'),
    });
    expect(await drivers()).toEqual(['warm ready', 'warm starting']);
    await expect(stateOf('a')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('the first statement of a new session takes one', async () => {
    await start({ sessionMode: 'ISOLATED' });
    await readyAll();
    const job = await core.running({}, { session: 'a' });
    expect(job.state).toBe('RUNNING');
    expect(core.executor.executions[0]?.driver).toBe(core.maker.at(0).driver);
  });

  test('do not count against the limit of sessions', async () => {
    await start({ maxSessions: 1, warmDrivers: 2 });
    await create('a');
    await expect(create('b')).rejects.toMatchObject({ code: 'SESSION_LIMIT' });
    expect(await drivers()).toEqual(['isolated starting', 'warm starting', 'warm starting']);
  });

  test('are as many as there is memory for; what is short is said once', async () => {
    await start({ warmDrivers: 3, driverMemoryBytes: 2 * GIB });
    expect((await drivers()).length).toBe(2);
    expect(warned()).toBe(1);
    await create('a');
    await readyAll();
    expect(await drivers()).toEqual(['isolated ready', 'warm ready']);
    expect(warned()).toBe(1);
    await core.core.sessions.remove(ANYONE, 'a');
    expect(await drivers()).toEqual(['warm ready', 'warm starting']);
  });

  test('give way to a session that needs their memory, which starts after their end', async () => {
    await start({ driverMemoryBytes: 3 * GIB });
    await readyAll();
    let gone: () => void = () => {};
    core.maker.at(1).stopping = () =>
      new Promise((resolve) => {
        gone = resolve;
      });
    await create('a', { [FIXED]: '2g' });
    expect(await drivers()).toEqual(['isolated starting', 'warm ready', 'warm stopping']);
    expect(core.maker.at(2).started).toBe(false);
    expect(core.core.gauges.fleet.reservedBytes).toBe(3 * GIB);
    gone();
    expect(await drivers()).toEqual(['isolated starting', 'warm ready']);
    expect(core.maker.at(2).started).toBe(true);
    // What they take is not enough for everything.
    await expect(create('b', { [FIXED]: '2g' })).rejects.toMatchObject({ code: 'MEMORY_SHORT' });
    expect(await drivers()).toEqual(['isolated starting', 'warm ready']);
  });

  test('that die are replaced, later each time', async () => {
    await start({ warmDrivers: 1 });
    const delays: number[] = [];
    for (let death = 0; death < 3; death += 1) {
      const before = core.maker.made.length;
      core.maker.at(before - 1).fail('no memory');
      let waited = 0;
      for (await settled(); core.maker.made.length === before; waited += 500) {
        await core.clock.advance(500);
      }
      delays.push(waited);
    }
    expect(delays).toEqual([1000, 2000, 4000]);
    core.maker.at(3).ready();
    core.maker.at(3).driver.lose('killed by SIGKILL');
    await settled();
    expect(core.maker.at(3).stopped).toBe(true);
    await core.clock.advance(1000);
    expect(await drivers()).toEqual(['warm starting']);
  });

  test('end with the server, and none is started in its drain', async () => {
    await start();
    await readyAll();
    const drained = core.core.drain(0);
    await core.clock.advance(5000);
    await drained;
    core.maker.at(0).driver.lose();
    await core.clock.advance(60_000);
    await core.core.stopDrivers();
    expect(core.maker.live).toEqual([]);
    expect(core.maker.made.length).toBe(2);
  });
});
