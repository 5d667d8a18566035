import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Identity } from '../../src/domain/identity.ts';
import { ANYONE, CoreFixture, type SessionFields } from '../support/core-fixture.ts';
import { settled } from '../support/fake-clock.ts';
import { failure } from '../support/hand-executor.ts';
import { problem, refusal } from '../support/problems.ts';

const FIXED = 'spark.driver.memory';
const RUN_TIME = { 'spark.sql.ansi.enabled': 'true' };

let core: CoreFixture;
const fresh = async (settings: Parameters<typeof CoreFixture.start>[0] = {}) => {
  core = await CoreFixture.start({ sessionIdleMs: 60_000, ...settings });
  core.driver.fixedKeys = [FIXED, 'spark.master'];
};
beforeEach(() => fresh());
afterEach(() => core.stop());

const create = (fields: SessionFields = {}, ...rest: [as?: Identity, key?: string | null]) =>
  core.createSession({ mode: 'ISOLATED', ...fields }, ...rest);
const view = (id: string) => core.core.sessions.get(ANYONE, id);
const stateOf = async (id: string) => {
  await settled();
  return (await view(id)).session.state;
};
const on = (session: string) => ({ session });
const purposes = () =>
  core.core.gauges.fleet.drivers.map(({ purpose, state }) => `${purpose} ${state}`);

describe('an isolated session by POST', () => {
  test('is there at once, and runs when its driver has started', async () => {
    const sparkConfig = { [FIXED]: '2g', ...RUN_TIME };
    const { view: made } = await create({ sessionId: 'a', sparkConfig });
    expect(made).toMatchObject({
      session: { mode: 'ISOLATED', state: 'STARTING' },
      appId: null,
      master: 'local[*]',
    });
    expect(core.maker.at(0).settings).toEqual(sparkConfig);
    core.maker.at(0).ready();
    expect(await stateOf('a')).toBe('RUNNING');
    expect(await view('a')).toMatchObject({ appId: 'app-1', sparkVersion: '4.0.1' });
    // Its driver has the settings: the session in it needs none.
    expect(core.maker.at(0).driver.sessions.get('a')).toEqual({});
    expect(core.driver.calls).toEqual([]);
  });

  test('lets statements wait for its driver, and runs them there', async () => {
    await create({ sessionId: 'a' });
    const job = await core.submit({}, on('a'));
    expect(job).toMatchObject({ state: 'QUEUED', waitingFor: 'DRIVER', executor: 'embedded' });
    const beside = await core.running();
    core.maker.at(0).ready();
    expect(await core.stateOf(job.id)).toBe('RUNNING');
    const drivers = new Map(core.executor.executions.map((each) => [each.job.id, each.driver]));
    expect(drivers.get(job.id)).toBe(core.maker.at(0).driver);
    expect(drivers.get(beside.id)).toBe(core.driver);
  });

  test('has places of its own: a full driver holds up no other', async () => {
    await create({ sessionId: 'a' });
    core.maker.at(0).ready();
    const busy = [await core.running(), await core.running()];
    expect((await core.submit()).waitingFor).toBe('POOL');
    expect((await core.running({}, on('a'))).state).toBe('RUNNING');
    expect(core.core.gauges.load).toEqual({ running: 3, queued: 1 });
    expect((await core.core.pools.get('default')).running).toBe(busy.length + 1);
  });

  test('needs no shared driver', async () => {
    await core.stop();
    await fresh({ driverReady: false });
    await create({ sessionId: 'a', sparkConfig: RUN_TIME });
    core.maker.at(0).ready();
    expect((await core.running({}, on('a'))).state).toBe('RUNNING');
  });

  test('tells its driver of settings that need none of its own, though the shared one is gone', async () => {
    await create({ sessionId: 'a' });
    core.maker.at(0).driver.fixedKeys = [FIXED];
    core.maker.at(0).ready();
    core.driver.lose();
    const job = await core.running({ sparkConfig: RUN_TIME }, on('a'));
    expect(job).toMatchObject({ state: 'RUNNING', executor: 'embedded' });
    expect((await core.submit({ sparkConfig: { [FIXED]: '2g' } }, on('a'))).executor).toBe(
      'driver',
    );
  });

  test('says what no driver can have', async () => {
    const nonsense = create({ sparkConfig: { 'spark.master': 'nonsense' } });
    expect(await problem(nonsense)).toMatchObject({
      code: 'INVALID_REQUEST',
      errors: [{ field: 'sparkConfig.spark.master', message: 'spark.master is no master' }],
    });
    const denied = create({ sparkConfig: { 'spark.libra.x': '1' } });
    expect(await refusal(denied)).toBe('SETTING_DENIED');
    expect(await refusal(create({ sessionId: 'default' }))).toBe('SESSION_EXISTS');
    expect(core.maker.made).toEqual([]);
  });

  test('of an idempotency key is made once', async () => {
    const [one, two] = await Promise.all([
      create({ sessionId: 'a' }, ANYONE, 'k'),
      create({ sessionId: 'a' }, ANYONE, 'k'),
    ]);
    expect([one.replayed, two.replayed].sort()).toEqual([false, true]);
    expect(core.core.gauges.fleet.drivers.length).toBe(1);
  });

  test('leaves no driver when the store does not take it', async () => {
    core.store.broken = true;
    expect(await refusal(create({ sessionId: 'a' }))).toBe('STORE_UNAVAILABLE');
    core.store.broken = false;
    await settled();
    expect(purposes()).toEqual([]);
  });
});

describe('the mode of the server', () => {
  test('is what a new id gets, never default, and a wish goes before it', async () => {
    await core.stop();
    await fresh({ sessionMode: 'ISOLATED' });
    const job = await core.submit({}, on('a'));
    expect(job.waitingFor).toBe('DRIVER');
    expect((await view('a')).session).toMatchObject({ mode: 'ISOLATED', explicit: false });
    expect((await core.running()).state).toBe('RUNNING');
    expect((await view('default')).session.mode).toBe('SHARED');
    await create({ sessionId: 'b', mode: 'SHARED' });
    expect((await view('b')).session).toMatchObject({ mode: 'SHARED', state: 'RUNNING' });
    expect(core.maker.made.length).toBe(1);
  });

  test('ISOLATED: the first statement that needs the driver makes it, others do not', async () => {
    await core.stop();
    await fresh({ sessionMode: 'ISOLATED' });
    const program = { kind: 'python-file', code: null, filePath: 'a.py' } as const;
    expect((await core.running(program, on('a'))).state).toBe('RUNNING');
    expect(core.maker.made.length).toBe(0);
    const jobs = await Promise.all([1, 2, 3].map(() => core.submit({}, on('a'))));
    expect(core.maker.made.length).toBe(1);
    core.maker.at(0).ready();
    expect(await core.stateOf(jobs[0]?.id ?? '')).toBe('RUNNING');
  });

  test('ISOLATED: a refused first statement leaves no session', async () => {
    await core.stop();
    await fresh({ sessionMode: 'ISOLATED', maxSessions: 1 });
    await core.submit({}, on('a'));
    expect(await refusal(core.submit({}, on('b')))).toBe('SESSION_LIMIT');
    expect(await refusal(view('b'))).toBe('NOT_FOUND');
    expect(await core.store.sessions.get('b')).toBe(null);
  });
});

describe('room', () => {
  test('50 at once with room for 10 make 10, and leave nothing of the others', async () => {
    await core.stop();
    await fresh({ maxSessions: 10, driverMemoryBytes: 100 * 2 ** 30 });
    const made = await Promise.allSettled(
      Array.from({ length: 50 }, (_, n) => create({ sessionId: `s-${n}` })),
    );
    const refused = made.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    expect(refused.length).toBe(40);
    for (const reason of refused) {
      expect(reason).toMatchObject({ code: 'SESSION_LIMIT', headers: { 'retry-after': '10' } });
    }
    expect(core.maker.made.length).toBe(10);
    expect((await core.store.sessions.live()).length).toBe(11);
    for (let n = 0; n < 50; n += 1)
      await core.core.sessions.remove(ANYONE, `s-${n}`).catch(() => {});
    await settled();
    expect(purposes()).toEqual([]);
    expect(core.core.gauges.fleet.reservedBytes).toBe(0);
    expect((await create({ sessionId: 'again' })).view.session.state).toBe('STARTING');
  });

  test('in memory is counted, and what is missing is said', async () => {
    await create({ sessionId: 'a', sparkConfig: { [FIXED]: '6g' } });
    const short = await problem(create({ sparkConfig: { [FIXED]: '3g' } }));
    expect(short).toMatchObject({ code: 'MEMORY_SHORT', headers: { 'retry-after': '10' } });
    expect(short.message).toContain('1024 MiB are missing');
    const never = await problem(create({ sparkConfig: { [FIXED]: '9g' } }));
    expect(never.code).toBe('MEMORY_SHORT');
    expect(never.headers).toEqual({});
    await create({ sparkConfig: { [FIXED]: '2g' } });
    expect(core.core.gauges.fleet.reservedBytes).toBe(8 * 2 ** 30);
  });

  test('on the machine is what the maker has', async () => {
    core.maker.most = 1;
    await create({ sessionId: 'a' });
    expect(await refusal(create())).toBe('SESSION_LIMIT');
  });

  test('is free again only when the process has ended', async () => {
    await core.stop();
    await fresh({ maxSessions: 1 });
    await create({ sessionId: 'a' });
    core.maker.at(0).ready();
    await settled();
    let stop: () => void = () => {};
    core.maker.at(0).stopping = () =>
      new Promise((resolve) => {
        stop = resolve;
      });
    const removing = core.core.sessions.remove(ANYONE, 'a');
    await settled();
    expect(await refusal(create())).toBe('SESSION_LIMIT');
    stop();
    expect(await removing).toEqual({ ended: true });
    await create();
  });
});

describe('a start that fails', () => {
  test('ends the session with its reason, and the statements that wait for it', async () => {
    await core.stop();
    await fresh({ maxSessions: 1 });
    await create({ sessionId: 'a' });
    const job = await core.submit({ retry: { maxAttempts: 3, on: ['FAILED'] } }, on('a'));
    core.maker.at(0).fail('unresolved dependency: com.acme#nope;1.0');
    await settled();
    expect(await core.get(job.id)).toMatchObject({
      state: 'FAILED',
      error: {
        code: 'DRIVER_START_FAILED',
        message: expect.stringContaining('unresolved dependency'),
      },
    });
    expect((await view('a')).session).toMatchObject({
      state: 'DEAD',
      cause: 'unresolved dependency: com.acme#nope;1.0',
    });
    expect((await core.core.sessions.list(ANYONE)).map(({ session }) => session.id)).toEqual([
      'default',
    ]);
    const gone = await problem(core.submit({}, on('a')));
    expect(gone.code).toBe('SESSION_GONE');
    expect(gone.message).toContain('unresolved dependency');
    expect(await refusal(core.core.sessions.remove(ANYONE, 'a'))).toBe('NOT_FOUND');
    // The place is free, and the id too.
    await create({ sessionId: 'a' });
  });

  test('so does one that takes too long', async () => {
    await create({ sessionId: 'a' });
    await core.clock.advance(200_000);
    await settled();
    expect((await view('a')).session).toMatchObject({
      state: 'DEAD',
      cause: 'The driver did not start within 180 s.',
    });
    expect(core.maker.at(0).stopped).toBe(true);
  });

  test('of a session that was made by its statement: the next one makes it anew', async () => {
    await core.stop();
    await fresh({ sessionMode: 'ISOLATED' });
    const first = await core.submit({}, on('a'));
    core.maker.at(0).fail('no memory');
    expect(await core.stateOf(first.id)).toBe('FAILED');
    const second = await core.submit({}, on('a'));
    core.maker.at(1).ready();
    expect(await core.stateOf(second.id)).toBe('RUNNING');
  });

  test('does not touch a program of the session', async () => {
    await create({ sessionId: 'a' });
    const program = { kind: 'python-file', code: null, filePath: 'a.py' } as const;
    const job = await core.running(program, on('a'));
    core.maker.at(0).fail('no memory');
    expect(await stateOf('a')).toBe('DEAD');
    core.submitter.end(job.id);
    expect(await core.stateOf(job.id)).toBe('SUCCESS');
  });

  test('a session that its driver cannot open is one', async () => {
    await create({ sessionId: 'a' });
    core.maker.at(0).driver.opening = async () => {
      throw new Error('spark.sql.x should be int');
    };
    core.maker.at(0).ready();
    await settled();
    expect((await view('a')).session).toMatchObject({
      state: 'DEAD',
      cause: 'spark.sql.x should be int',
    });
    expect(core.maker.at(0).stopped).toBe(true);
  });
});

describe('a driver that dies', () => {
  const started = async (fields: SessionFields = {}) => {
    await create({ sessionId: 'a', ...fields });
    const made = core.maker.at(core.maker.made.length - 1);
    made.ready();
    await settled();
    return made;
  };
  const lose = (made: Awaited<ReturnType<typeof started>>, jobs: readonly string[]) => {
    for (const id of jobs) core.executor.end(id, failure('LOST', 'DRIVER_LOST'));
    made.driver.lose('killed by SIGKILL');
  };

  test('takes its jobs along; a session without state waits for the next one', async () => {
    const made = await started();
    const retried = { retry: { maxAttempts: 2, on: ['LOST' as const] } };
    const [lost, again] = [await core.running({}, on('a')), await core.running(retried, on('a'))];
    const beside = await core.running();
    lose(made, [lost.id, again.id]);
    expect(await core.stateOf(lost.id)).toBe('LOST');
    expect(await stateOf('a')).toBe('STARTING');
    const next = await core.submit({}, on('a'));
    expect(next.waitingFor).toBe('DRIVER');
    await core.clock.advance(5000);
    made.driver.ready();
    expect(await core.stateOf(next.id)).toBe('RUNNING');
    expect(await core.reached(again.id, 'RUNNING')).toMatchObject({ attempt: 2 });
    expect(await stateOf('a')).toBe('RUNNING');
    expect(await core.stateOf(beside.id)).toBe('RUNNING');
  });

  test('ends a session that held state', async () => {
    const made = await started();
    const changed = await core.running({ code: 'SET a.b = 1' }, on('a'));
    await core.end(changed.id);
    const retry = { maxAttempts: 3, on: ['LOST' as const] };
    const job = await core.running({ retry }, on('a'));
    const other = await core.running({}, on('a'));
    const waiting = await core.submit({}, on('a'));
    lose(made, [job.id, other.id]);
    await core.clock.advance(10_000);
    expect((await core.get(job.id)).state).toBe('LOST');
    expect(await core.get(waiting.id)).toMatchObject({
      state: 'LOST',
      error: { code: 'SESSION_LOST' },
    });
    expect((await view('a')).session).toMatchObject({
      state: 'DEAD',
      cause: 'killed by SIGKILL',
    });
    expect(made.stopped).toBe(true);
    expect(await refusal(core.submit({}, on('a')))).toBe('SESSION_GONE');
  });

  test('again and again is given up at the third failed try, never before', async () => {
    const made = await started();
    const lost = () => made.driver.lose('it does not start');
    for (let round = 0; round < 5; round += 1) {
      for (let n = 0; n < 3; n += 1) lost();
      expect(await stateOf('a')).toBe('STARTING');
      made.driver.ready();
      expect(await stateOf('a')).toBe('RUNNING');
    }
    lost();
    const waiting = await core.submit({}, on('a'));
    for (let n = 0; n < 3; n += 1) lost();
    expect(await stateOf('a')).toBe('DEAD');
    expect(await core.get(waiting.id)).toMatchObject({
      state: 'FAILED',
      error: { code: 'DRIVER_START_FAILED' },
    });
    expect(made.stopped).toBe(true);
  });

  test('and says nothing any more is given up in the end', async () => {
    const made = await started({ idleTimeoutMs: 10_000_000 });
    made.driver.lose('it hangs');
    await core.clock.advance(3 * 180_000);
    expect(await stateOf('a')).toBe('DEAD');
    expect(made.stopped).toBe(true);
  });

  test('is no concern of the sessions of others', async () => {
    const made = await started();
    await create({ sessionId: 'light', mode: 'SHARED' });
    const job = await core.running({}, on('light'));
    made.driver.lose();
    expect(await stateOf('light')).toBe('RUNNING');
    core.driver.lose();
    expect(await stateOf('light')).toBe('STARTING');
    expect(await core.stateOf(job.id)).toBe('RUNNING');
    made.driver.ready();
    expect(await stateOf('a')).toBe('RUNNING');
  });
});

describe('the end of an isolated session', () => {
  test('by DELETE while it is being opened for a job cancels the job', async () => {
    await create({ sessionId: 'a' });
    const made = core.maker.at(0);
    let fail: (error: Error) => void = () => {};
    made.driver.opening = () =>
      new Promise((_, reject) => {
        fail = reject;
      });
    const job = await core.submit({}, on('a'));
    made.ready();
    await settled();
    made.stopping = async () => fail(new Error('the driver has no process'));
    const removing = core.core.sessions.remove(ANYONE, 'a');
    await core.clock.advance(5000);
    expect(await removing).toEqual({ ended: true });
    expect((await core.get(job.id)).state).toBe('CANCELLED');
    expect(core.core.gauges.load).toEqual({ running: 0, queued: 0 });
  });

  test('by DELETE while it starts: its statements are cancelled and its driver ends', async () => {
    await create({ sessionId: 'a' });
    const job = await core.submit({}, on('a'));
    expect(await core.core.sessions.remove(ANYONE, 'a')).toEqual({ ended: true });
    expect(await core.get(job.id)).toMatchObject({
      state: 'CANCELLED',
      error: { code: 'SESSION_DELETED' },
    });
    expect(core.maker.at(0).stopped).toBe(true);
    expect(await refusal(view('a'))).toBe('NOT_FOUND');
    expect(await refusal(core.core.sessions.remove(ANYONE, 'a'))).toBe('NOT_FOUND');
    expect(await refusal(core.submit({}, on('a')))).toBe('SESSION_GONE');
  });

  test('by DELETE while jobs run: those that resist end with the driver, CANCELLED', async () => {
    await create({ sessionId: 'a' });
    const made = core.maker.at(0);
    made.ready();
    const retry = { maxAttempts: 3, on: ['LOST' as const] };
    const [stubborn, meek] = [
      await core.running({ retry }, on('a')),
      await core.running({}, on('a')),
    ];
    const waiting = await core.submit({}, on('a'));
    made.stopping = async () => core.executor.end(stubborn.id, failure('LOST', 'SERVER_STOPPED'));
    const removing = core.core.sessions.remove(ANYONE, 'a');
    await settled();
    expect(await core.stateOf(waiting.id)).toBe('CANCELLED');
    expect(core.executor.cancelled.sort()).toEqual([stubborn.id, meek.id].sort());
    expect(await stateOf('a')).toBe('STOPPING');
    core.executor.end(meek.id, { state: 'CANCELLED', error: null });
    await core.clock.advance(5000);
    expect(await removing).toEqual({ ended: true });
    expect(await core.get(stubborn.id)).toMatchObject({
      state: 'CANCELLED',
      error: { code: 'SESSION_DELETED' },
    });
    expect(made.stopped).toBe(true);
  });

  test('by DELETE of one whose driver takes its time is told as such', async () => {
    await create({ sessionId: 'a' });
    core.maker.at(0).ready();
    await settled();
    let stop: () => void = () => {};
    core.maker.at(0).stopping = () =>
      new Promise((resolve) => {
        stop = resolve;
      });
    const removing = Promise.all([1, 2].map(() => core.core.sessions.remove(ANYONE, 'a')));
    await core.clock.advance(10_000);
    expect(await removing).toEqual([{ ended: false }, { ended: false }]);
    expect(await stateOf('a')).toBe('STOPPING');
    stop();
    await settled();
    expect(await refusal(view('a'))).toBe('NOT_FOUND');
  });

  test('by its idle time, which counts from when it got ready', async () => {
    await create({ sessionId: 'a', idleTimeoutMs: 1000 });
    await core.clock.advance(30_000);
    expect(await stateOf('a')).toBe('STARTING');
    core.maker.at(0).ready();
    await settled();
    await core.clock.advance(900);
    expect(await stateOf('a')).toBe('RUNNING');
    await core.clock.advance(1100);
    expect(await refusal(view('a'))).toBe('NOT_FOUND');
    expect(core.maker.at(0).stopped).toBe(true);
    expect(purposes()).toEqual([]);
  });

  test('with the server: all drivers end', async () => {
    await create({ sessionId: 'a' });
    await create({ sessionId: 'b' });
    core.maker.at(0).ready();
    await settled();
    await core.core.stopDrivers();
    expect(core.maker.live).toEqual([]);
    expect(purposes()).toEqual([]);
    expect(await refusal(create())).toBe('SERVER_STOPPING');
  });
});

describe('what the drivers do is counted by purpose', () => {
  test('starts, failures and losses', async () => {
    const counted: string[] = [];
    core.core.observeDrivers({
      started: (purpose) => counted.push(`started ${purpose}`),
      failed: (purpose) => counted.push(`failed ${purpose}`),
      lost: (purpose) => counted.push(`lost ${purpose}`),
    });
    await create({ sessionId: 'a' });
    await core.submit({ sparkConfig: { [FIXED]: '2g' } });
    core.maker.at(0).ready();
    core.maker.at(0).driver.lose();
    core.maker.at(1).fail('no memory');
    await settled();
    expect(counted).toEqual([
      'started isolated',
      'started dedicated',
      'lost isolated',
      'failed dedicated',
    ]);
  });
});

describe('after a restart', () => {
  test('waiting jobs of a session without state get a driver again', async () => {
    const sparkConfig = { [FIXED]: '2g' };
    await create({ sessionId: 'a', sparkConfig });
    const job = await core.submit({}, on('a'));
    core = await core.crash();
    expect(await core.get(job.id)).toMatchObject({ state: 'QUEUED', waitingFor: 'DRIVER' });
    expect(core.maker.at(0).settings).toEqual(sparkConfig);
    core.maker.at(0).ready();
    expect(await core.stateOf(job.id)).toBe('RUNNING');
  });

  test('those for which there is no room are LOST, and say why', async () => {
    await create({ sessionId: 'a' });
    await create({ sessionId: 'b' });
    const [one, two] = [await core.submit({}, on('a')), await core.submit({}, on('b'))];
    core = await core.crash({ maxSessions: 1 });
    expect((await core.get(one.id)).state).toBe('QUEUED');
    expect(await core.get(two.id)).toMatchObject({
      state: 'LOST',
      error: { message: expect.stringContaining('libra.session.max-sessions') },
    });
  });

  test('a session with secret settings is not made again', async () => {
    await create({ sessionId: 'a', sparkConfig: { 'spark.x.password': 'p' } });
    expect((await core.store.sessions.get('a'))?.sparkConfig).not.toMatchObject({
      'spark.x.password': 'p',
    });
    const job = await core.submit({}, on('a'));
    core = await core.crash();
    expect((await core.get(job.id)).state).toBe('LOST');
    expect(core.maker.made).toEqual([]);
  });
});
