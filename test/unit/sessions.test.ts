import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Problem } from '../../src/domain/errors.ts';
import type { Identity } from '../../src/domain/identity.ts';
import { ANYONE, CoreFixture, person } from '../support/core-fixture.ts';
import { settled } from '../support/fake-clock.ts';
import { failure } from '../support/hand-executor.ts';
import { refusal } from '../support/problems.ts';

let core: CoreFixture;
beforeEach(async () => {
  core = await CoreFixture.start({ sessionIdleMs: 60_000, maxLightSessions: 3, maxRunning: 10 });
});
afterEach(() => core.stop());

const create = (...asked: Parameters<CoreFixture['createSession']>) => core.createSession(...asked);
const remove = (id: string, as: Identity = ANYONE) => core.core.sessions.remove(as, id);
const view = (id: string, as: Identity = ANYONE) => core.core.sessions.get(as, id);
const ids = async (as: Identity = ANYONE) =>
  (await core.core.sessions.list(as)).map(({ session }) => session.id);

describe('default', () => {
  test('is always there, for everyone, and follows the driver', async () => {
    const cold = await CoreFixture.start({ driverReady: false });
    const bob = person('bob', 'user');
    expect((await cold.core.sessions.get(bob, 'default')).session.state).toBe('STARTING');
    expect(await cold.core.sessions.get(bob, 'default')).toMatchObject({
      master: 'local[*]',
      appId: null,
    });
    cold.driver.ready();
    expect(await cold.core.sessions.get(bob, 'default')).toMatchObject({
      session: { state: 'RUNNING' },
      appId: 'local-1',
      master: 'local[2]',
    });
    cold.driver.lose();
    expect((await cold.core.sessions.get(bob, 'default')).session.state).toBe('STARTING');
    await cold.stop();
  });

  test('never ends', async () => {
    expect(await refusal(remove('default'))).toBe('SESSION_PROTECTED');
    expect(await refusal(create({ sessionId: 'default' }))).toBe('SESSION_EXISTS');
    await core.clock.advance(10_000_000);
    expect(await ids()).toEqual(['default']);
  });
});

describe('a light session', () => {
  test('is made once by its first statements, however many come at once', async () => {
    const jobs = await Promise.all(
      Array.from({ length: 5 }, () => core.submit({}, { session: 'light' })),
    );
    await settled();
    expect(core.driver.calls).toEqual(['open light']);
    expect(await view('light')).toMatchObject({
      activeJobs: 5,
      session: { state: 'RUNNING', explicit: false },
    });
    for (const { id } of jobs) await core.end(id);
    expect((await view('light')).activeJobs).toBe(0);
  });

  test('takes a statement while the driver starts', async () => {
    const cold = await CoreFixture.start({ driverReady: false });
    const job = await cold.submit({}, { session: 'light' });
    expect(job).toMatchObject({ state: 'QUEUED', waitingFor: 'DRIVER' });
    cold.driver.ready();
    expect(await cold.stateOf(job.id)).toBe('RUNNING');
    expect([...cold.driver.sessions.keys()]).toEqual(['light']);
    await cold.stop();
  });

  test('has a plain name', async () => {
    for (const session of ['../etc', '', '-x', 'a'.repeat(65)]) {
      expect(await refusal(core.submit({}, { session }))).toBe('INVALID_REQUEST');
    }
    expect(await refusal(create({ sessionId: 'a b' }))).toBe('INVALID_REQUEST');
  });

  test('that the driver cannot open fails its job, and the next one tries again', async () => {
    core.driver.opening = async () => {
      throw new Error('no more sessions');
    };
    const job = await core.submit({}, { session: 'light' });
    expect(await core.stateOf(job.id)).toBe('FAILED');
    expect((await core.get(job.id)).error?.message).toContain('no more sessions');
    core.driver.opening = async () => {};
    expect((await core.running({}, { session: 'light' })).state).toBe('RUNNING');
  });

  test('belongs to the one who made it', async () => {
    const [alice, bob] = [person('alice', 'user'), person('bob', 'user')];
    await core.running({}, { session: 'mine', as: alice });
    expect(await refusal(core.submit({}, { session: 'mine', as: bob }))).toBe('NOT_FOUND');
    expect(await refusal(view('mine', bob))).toBe('NOT_FOUND');
    expect(await refusal(remove('mine', bob))).toBe('NOT_FOUND');
    expect(await ids(bob)).toEqual(['default']);
    const olga = person('olga', 'operator');
    expect(await ids(olga)).toEqual(['default', 'mine']);
    expect(await refusal(core.submit({}, { session: 'mine', as: olga }))).toBe('FORBIDDEN');
    expect(await refusal(remove('mine', olga))).toBe('FORBIDDEN');
  });
});

describe('POST', () => {
  test('makes a session that runs, with its settings', async () => {
    const { view: made } = await create({
      sessionId: 'etl',
      sparkConfig: { 'spark.sql.ansi.enabled': 'true', 'spark.my.secret': 'hush' },
    });
    expect(made.session).toMatchObject({ state: 'RUNNING', explicit: true });
    expect(JSON.stringify(made)).not.toContain('hush');
    expect(JSON.stringify(await core.store.sessions.get('etl'))).not.toContain('hush');
    expect(core.driver.sessions.get('etl')).toMatchObject({ 'spark.my.secret': 'hush' });
    expect(await refusal(create({ sessionId: 'etl' }))).toBe('SESSION_EXISTS');
  });

  test('finds a name where none is given', async () => {
    const { view: made } = await create();
    expect(made.session.id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('names what it cannot do', async () => {
    core.driver.fixedKeys = ['spark.executor.memory'];
    const fixed = create({ sparkConfig: { 'spark.executor.memory': '1g' } });
    await expect(fixed).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringContaining('ISOLATED'),
    });
    expect(await refusal(create({ sparkConfig: { memory: '1g' } }))).toBe('INVALID_REQUEST');
    expect(await refusal(create({}, person('vera', 'viewer')))).toBe('FORBIDDEN');
    core.driver.opening = async () => {
      throw new Error('spark.sql.shuffle.partitions should be int');
    };
    expect(await refusal(create({ sessionId: 'bad' }))).toBe('INVALID_REQUEST');
    expect(await ids()).toEqual(['default']);
  });

  test('waits for the driver, and gives up after a while', async () => {
    const cold = await CoreFixture.start({ driverReady: false });
    const command = { sessionId: 'a', mode: null, sparkConfig: {}, idleTimeoutMs: null };
    const late = refusal(cold.core.sessions.create(ANYONE, command, null));
    await cold.clock.advance(30_000);
    expect(await late).toBe('DRIVER_UNAVAILABLE');
    const soon = cold.core.sessions.create(ANYONE, command, null);
    await cold.clock.advance(1000);
    cold.driver.ready();
    expect((await soon).view.session.state).toBe('RUNNING');
    await cold.stop();
  });

  test('with a key makes one session, also when it comes twice at once', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => create({ sessionId: 'k' }, ANYONE, 'k')));
    expect(answers.map(({ replayed }) => replayed).sort()).toEqual([false, true, true]);
    const unnamed = await Promise.all([1, 2].map(() => create({}, ANYONE, 'k2')));
    expect(new Set(unnamed.map((answer) => answer.view.session.id)).size).toBe(1);
    expect(core.driver.sessions.size).toBe(2);
    expect(await refusal(create({ sessionId: 'other' }, ANYONE, 'k'))).toBe('IDEMPOTENCY_CONFLICT');
  });

  test('of many at once makes as many as fit', async () => {
    const made = await Promise.allSettled(
      Array.from({ length: 9 }, (_, n) => create({ sessionId: `s${n}` })),
    );
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(await refusal(core.submit({}, { session: 'one-more' }))).toBe('SESSION_LIMIT');
    await remove('s0');
    expect((await core.running({}, { session: 'one-more' })).state).toBe('RUNNING');
  });
});

describe('DELETE', () => {
  test('ends the jobs first, then the session', async () => {
    const running = await core.running({}, { session: 'light' });
    let removed = false;
    const removing = remove('light').then(() => {
      removed = true;
    });
    await settled();
    expect((await view('light')).session.state).toBe('STOPPING');
    expect([removed, core.executor.cancelled]).toEqual([false, [running.id]]);
    await core.end(running.id, { state: 'CANCELLED', error: null });
    await removing;
    expect((await core.get(running.id)).error?.code).toBe('SESSION_DELETED');
    expect(await refusal(view('light'))).toBe('NOT_FOUND');
    expect(await refusal(remove('light'))).toBe('NOT_FOUND');
    expect(core.driver.calls).toEqual(['open light', 'close light']);
    expect(await core.store.sessions.get('light')).toMatchObject({
      state: 'DEAD',
      cause: 'DELETED',
    });
  });

  test('ends waiting jobs at once', async () => {
    const small = await CoreFixture.start({ maxRunning: 1 });
    await small.running();
    const job = await small.submit({}, { session: 'light' });
    await small.core.sessions.remove(ANYONE, 'light');
    expect(await small.get(job.id)).toMatchObject({
      state: 'CANCELLED',
      error: { code: 'SESSION_DELETED' },
    });
    await small.stop();
  });

  test('races with statements: each of them is cancelled, refused, or runs in a new session', async () => {
    for (let round = 0; round < 20; round += 1) {
      const session = `race-${round}`;
      await create({ sessionId: session });
      const submitting = Array.from({ length: 3 }, async (_, n) => {
        for (let tick = 0; tick < (round * n) % 7; tick += 1) await null;
        return core.submit({}, { session }).catch((error: Problem) => error.code);
      });
      const removing = remove(session);
      const jobs = await Promise.all(submitting);
      await settled();
      for (const id of core.executor.cancelled.splice(0)) {
        await core.end(id, { state: 'CANCELLED', error: null });
      }
      await removing;
      for (const job of jobs) {
        if (typeof job === 'string') expect(job).toBe('SESSION_GONE');
        else expect(await core.stateOf(job.id)).toBe('CANCELLED');
      }
      expect(await ids()).toEqual(['default']);
      expect(core.driver.sessions.size).toBe(0);
    }
    expect(core.core.gauges.load).toEqual({ running: 0, queued: 0 });
  });

  test('of one made by POST is final, of another not', async () => {
    await create({ sessionId: 'etl' });
    await core.end((await core.running({}, { session: 'light' })).id);
    await Promise.all([remove('etl'), remove('light')]);
    expect(await refusal(core.submit({}, { session: 'etl' }))).toBe('SESSION_GONE');
    expect((await core.running({}, { session: 'light' })).state).toBe('RUNNING');
    expect((await create({ sessionId: 'etl' })).view.session.state).toBe('RUNNING');
  });

  test('ends the session in the record even when the disk is full for a while', async () => {
    await create({ sessionId: 'etl' });
    core.store.broken = true;
    const removing = remove('etl');
    await core.clock.advance(10_000);
    core.store.broken = false;
    await core.clock.advance(10_000);
    await removing;
    expect((await core.store.sessions.get('etl'))?.state).toBe('DEAD');
  });
});

describe('an idle session', () => {
  test('ends after its time, counted from its last job', async () => {
    await create({ sessionId: 'short', idleTimeoutMs: 300 });
    const job = await core.running({}, { session: 'short' });
    await core.clock.advance(10_000);
    expect((await view('short')).session.state).toBe('RUNNING');
    await core.end(job.id);
    await core.clock.advance(299);
    expect(await ids()).toContain('short');
    await core.clock.advance(1);
    await settled();
    expect(await ids()).not.toContain('short');
    expect((await core.store.sessions.get('short'))?.cause).toBe('IDLE_TIMEOUT');
    expect(await refusal(core.submit({}, { session: 'short' }))).toBe('SESSION_GONE');
  });

  test('with waiting jobs is busy', async () => {
    const small = await CoreFixture.start({ maxRunning: 1, sessionIdleMs: 1000 });
    await small.running();
    const job = await small.submit({}, { session: 'light' });
    await small.clock.advance(60_000);
    expect(await small.stateOf(job.id)).toBe('QUEUED');
    await small.stop();
  });

  test('never ends under a statement that comes at that very moment', async () => {
    for (let ticks = 0; ticks < 12; ticks += 1) {
      const job = await core.running({}, { session: 'light' });
      await core.end(job.id);
      await core.clock.advance(59_999);
      const submitting = (async () => {
        for (let tick = 0; tick < ticks; tick += 1) await null;
        return core.submit({}, { session: 'light' });
      })();
      const [next] = await Promise.all([submitting, core.clock.advance(1)]);
      expect(await core.stateOf(next.id)).toBe('RUNNING');
      expect((await view('light')).session.state).toBe('RUNNING');
      await core.end(next.id);
    }
  });
});

describe('a lost driver', () => {
  test('takes its jobs along; sessions without state are made again', async () => {
    await create({ sessionId: 'etl', sparkConfig: { 'spark.sql.ansi.enabled': 'true' } });
    const job = await core.running({}, { session: 'etl' });
    core.executor.end(job.id, failure('LOST', 'DRIVER_LOST'));
    core.driver.lose();
    expect(await core.stateOf(job.id)).toBe('LOST');
    const next = await core.submit({}, { session: 'etl' });
    expect(next.waitingFor).toBe('DRIVER');
    core.driver.ready();
    expect(await core.stateOf(next.id)).toBe('RUNNING');
    expect(core.driver.sessions.get('etl')).toEqual({ 'spark.sql.ansi.enabled': 'true' });
  });

  test('ends a session that held state, and the jobs that waited for it', async () => {
    const small = await CoreFixture.start({ maxRunning: 1 });
    const made = await small.running({ code: 'SET a.b = 1' }, { session: 'light' });
    await small.end(made.id);
    expect((await small.core.sessions.get(ANYONE, 'light')).session.stateful).toBe(true);
    await small.running();
    const waiting = await small.submit({}, { session: 'light' });
    small.driver.lose();
    await settled();
    expect(await small.get(waiting.id)).toMatchObject({
      state: 'LOST',
      error: { code: 'SESSION_LOST' },
    });
    expect(await small.store.sessions.get('light')).toMatchObject({
      state: 'DEAD',
      cause: 'DRIVER_LOST',
    });
    await small.stop();
  });

  test('does not retry in a session whose state is gone', async () => {
    const retry = { maxAttempts: 3, on: ['LOST' as const] };
    const made = await core.running({ code: 'USE d' }, { session: 'light' });
    await core.end(made.id);
    const job = await core.running({ retry }, { session: 'light' });
    core.executor.end(job.id, failure('LOST', 'DRIVER_LOST'));
    core.driver.lose();
    await settled();
    core.driver.ready();
    await core.clock.advance(60_000);
    expect(await core.get(job.id)).toMatchObject({ state: 'LOST' });
  });

  test('while a session is being opened puts its job back into the queue', async () => {
    let fail: (error: Error) => void = () => {};
    core.driver.opening = () =>
      new Promise((_, reject) => {
        fail = reject;
      });
    const job = await core.submit({}, { session: 'light' });
    await settled();
    core.driver.lose();
    fail(new Error('context stopped'));
    expect(await core.stateOf(job.id)).toBe('QUEUED');
    core.driver.opening = async () => {};
    core.driver.ready();
    expect(await core.stateOf(job.id)).toBe('RUNNING');
  });
});
