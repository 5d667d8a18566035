import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ANYONE, CoreFixture, person } from '../support/core-fixture.ts';
import { settled } from '../support/fake-clock.ts';
import { failure } from '../support/hand-executor.ts';

const FIXED = 'spark.driver.memory';
const TWO = { [FIXED]: '2g' };

let core: CoreFixture;
const fresh = async (settings: Parameters<typeof CoreFixture.start>[0] = {}) => {
  core = await CoreFixture.start(settings);
  core.driver.fixedKeys = [FIXED, 'spark.executor.cores', 'spark.master'];
};
beforeEach(() => fresh());
afterEach(() => core.stop());

const drivers = async () => {
  await settled();
  return core.core.gauges.fleet.drivers.map(({ purpose, state }) => `${purpose} ${state}`).sort();
};
const ended = async (id: string) => {
  await core.reached(id, 'RUNNING');
  core.single.end(id);
  return core.stateOf(id);
};

describe('a statement whose settings cannot be set at run time', () => {
  test('runs on a driver made for it', async () => {
    const sparkConfig = { ...TWO, 'spark.sql.ansi.enabled': 'true' };
    const job = await core.submit({ sparkConfig });
    expect(job).toMatchObject({ executor: 'driver', state: 'QUEUED', waitingFor: 'DRIVER' });
    expect(core.maker.at(0).settings).toEqual(sparkConfig);
    core.maker.at(0).ready();
    expect(await core.stateOf(job.id)).toBe('RUNNING');
    expect((await core.get(job.id)).applicationId).toBe('app-1');
    expect(core.single.executions[0]?.driver).toBe(core.maker.at(0).driver);
    expect(await ended(job.id)).toBe('SUCCESS');
  });

  test('leaves the driver to the next one with the same settings, for a while', async () => {
    const first = await core.submit({ sparkConfig: { ...TWO, 'spark.executor.cores': '1' } });
    core.maker.at(0).ready();
    await ended(first.id);
    await core.clock.advance(119_000);
    const second = await core.running({ sparkConfig: { 'spark.executor.cores': '1', ...TWO } });
    expect(second.state).toBe('RUNNING');
    await core.clock.advance(200_000);
    await ended(second.id);
    expect(await drivers()).toEqual(['dedicated ready']);
    await core.clock.advance(120_000);
    expect(await drivers()).toEqual([]);
    expect(core.maker.made.length).toBe(1);
    expect(core.maker.at(0).stopped).toBe(true);
    await core.submit({ sparkConfig: { ...TWO, 'spark.executor.cores': '1' } });
    expect(core.maker.made.length).toBe(2);
  });

  test('shares no driver with other settings, or with someone else', async () => {
    const [alice, bob] = [person('alice', 'user'), person('bob', 'user')];
    await core.submit({ sparkConfig: TWO }, { as: alice });
    await core.submit({ sparkConfig: TWO }, { as: alice });
    await core.submit({ sparkConfig: TWO }, { as: bob });
    await core.submit({ sparkConfig: { [FIXED]: '1g' } }, { as: alice });
    expect(core.maker.made.length).toBe(3);
  });

  test('needs nothing of its session, and goes on when its driver is lost', async () => {
    const job = await core.submit({ sparkConfig: TWO }, { session: 'light' });
    core.maker.at(0).ready();
    await settled();
    core.driver.lose();
    expect(await core.stateOf(job.id)).toBe('RUNNING');
    await core.core.sessions.get(ANYONE, 'light');
    const removing = core.core.sessions.remove(ANYONE, 'light');
    await settled();
    expect(core.single.cancelled).toEqual([job.id]);
    core.single.end(job.id, { state: 'CANCELLED', error: null });
    await removing;
    expect(await core.get(job.id)).toMatchObject({
      state: 'CANCELLED',
      error: { code: 'SESSION_DELETED' },
    });
  });

  test('is refused where no driver could have them, or the statement changes the session', async () => {
    const nonsense = core.submit({ sparkConfig: { 'spark.master': 'nonsense' } });
    await expect(nonsense).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    const changes = core.submit({ code: 'USE d', sparkConfig: TWO });
    await expect(changes).rejects.toMatchObject({ code: 'SETTING_NOT_SCOPED' });
    expect(core.maker.made).toEqual([]);
  });

  test('fails with the reason when its driver does not start', async () => {
    const jobs = [await core.submit({ sparkConfig: TWO }), await core.submit({ sparkConfig: TWO })];
    core.maker.at(0).fail('the master does not answer');
    await settled();
    for (const { id } of jobs) {
      expect(await core.get(id)).toMatchObject({
        state: 'FAILED',
        error: {
          code: 'DRIVER_START_FAILED',
          message: expect.stringContaining('the master does not answer'),
        },
      });
    }
    expect(await drivers()).toEqual([]);
    await core.submit({ sparkConfig: TWO });
    expect(core.maker.made.length).toBe(2);
  });

  test('that was cancelled before its driver started leaves it idle', async () => {
    const job = await core.submit({ sparkConfig: TWO });
    await core.core.jobs.cancel(ANYONE, job.id, 'test');
    expect(await core.stateOf(job.id)).toBe('CANCELLED');
    await core.clock.advance(120_000);
    expect(await drivers()).toEqual([]);
  });
});

describe('room for dedicated drivers', () => {
  test('counts with the sessions, and those that stand idle give way', async () => {
    await core.stop();
    await fresh({ maxSessions: 2 });
    const first = await core.submit({ sparkConfig: TWO });
    core.maker.at(0).ready();
    const busy = await core.running({ sparkConfig: { [FIXED]: '1g' } });
    const refused = core.submit({ sparkConfig: { [FIXED]: '3g' } });
    await expect(refused).rejects.toMatchObject({ code: 'SESSION_LIMIT' });
    await ended(first.id);
    const third = await core.submit({ sparkConfig: { [FIXED]: '3g' } });
    await settled();
    expect(core.maker.at(0).stopped).toBe(true);
    core.maker.at(2).ready();
    expect(await core.stateOf(third.id)).toBe('RUNNING');
    expect((await core.get(busy.id)).state).toBe('QUEUED');
    expect((await drivers()).length).toBe(2);
  });

  test('in memory: idle ones give way, busy ones do not', async () => {
    const first = await core.submit({ sparkConfig: { [FIXED]: '6g' } });
    core.maker.at(0).ready();
    const refused = core.submit({ sparkConfig: { [FIXED]: '4g' } });
    await expect(refused).rejects.toMatchObject({ code: 'MEMORY_SHORT' });
    await ended(first.id);
    await core.submit({ sparkConfig: { [FIXED]: '4g' } });
    expect(await drivers()).toEqual(['dedicated starting']);
  });

  test('a refusal leaves no job and no place taken', async () => {
    await core.stop();
    await fresh({ maxSessions: 1, maxQueued: 1 });
    await core.submit({ sparkConfig: TWO });
    for (let n = 0; n < 3; n += 1) {
      await expect(core.submit({ sparkConfig: { [FIXED]: '1g' } })).rejects.toMatchObject({
        code: 'QUEUE_FULL',
      });
    }
    core.maker.at(0).ready();
    await settled();
    for (let n = 0; n < 3; n += 1) {
      await expect(core.submit({ sparkConfig: { [FIXED]: '1g' } })).rejects.toMatchObject({
        code: 'SESSION_LIMIT',
      });
    }
    const page = await core.core.jobs.list(ANYONE, {}, 50, null);
    expect(page.items.length).toBe(1);
    expect((await core.running()).state).toBe('RUNNING');
  });
});

describe('a dedicated driver that dies', () => {
  test('takes its statements along, and comes again for those that wait or may retry', async () => {
    const retry = { maxAttempts: 2, on: ['LOST' as const] };
    const again = await core.submit({ sparkConfig: TWO, retry });
    const lost = await core.submit({ sparkConfig: TWO });
    core.maker.at(0).ready();
    await settled();
    for (const { id } of [again, lost]) core.single.end(id, failure('LOST', 'DRIVER_LOST'));
    core.maker.at(0).driver.lose('killed by SIGKILL');
    expect(await core.stateOf(lost.id)).toBe('LOST');
    await core.clock.advance(5000);
    core.maker.at(0).driver.ready();
    expect(await core.reached(again.id, 'RUNNING')).toMatchObject({ attempt: 2 });
  });

  test('is not replaced when nobody needs it', async () => {
    const job = await core.submit({ sparkConfig: TWO });
    core.maker.at(0).ready();
    await settled();
    await ended(job.id);
    core.maker.at(0).driver.lose();
    expect(await drivers()).toEqual([]);
  });
});

describe('after a restart', () => {
  test('waiting statements get a driver again, secrets included', async () => {
    const sparkConfig = { ...TWO, 'spark.x.password': 'p' };
    core.driver.fixedKeys = [...core.driver.fixedKeys, 'spark.x.password'];
    const job = await core.submit({ sparkConfig });
    core = await core.crash();
    expect(core.maker.at(0).settings).toEqual(sparkConfig);
    core.maker.at(0).ready();
    expect(await core.stateOf(job.id)).toBe('RUNNING');
  });

  test('what ran is LOST, or runs again', async () => {
    const retry = { maxAttempts: 2, on: ['LOST' as const] };
    const jobs = [
      await core.submit({ sparkConfig: TWO }),
      await core.submit({ sparkConfig: TWO, retry }),
    ];
    core.maker.at(0).ready();
    await settled();
    core = await core.crash();
    expect((await core.get(jobs[0]?.id ?? '')).state).toBe('LOST');
    core.maker.at(0).ready();
    expect(await core.reached(jobs[1]?.id ?? '', 'RUNNING')).toMatchObject({ attempt: 2 });
  });
});
