import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Problem } from '../../src/domain/errors.ts';
import type { Job, JobRequest } from '../../src/domain/job.ts';
import type { Pool } from '../../src/domain/pool.ts';
import { deferred } from '../../src/util/deferred.ts';
import type { SubmitOptions } from '../support/core-fixture.ts';
import { ANYONE, CoreFixture } from '../support/core-fixture.ts';
import { settled } from '../support/fake-clock.ts';
import { failure } from '../support/hand-executor.ts';

const aPool = (name: string, fields: Partial<Pool> = {}): Pool => ({
  name,
  schedulingMode: 'FAIR',
  weight: 1,
  minShare: 0,
  maxRunning: null,
  maxQueued: null,
  ...fields,
});

let core: CoreFixture;
beforeEach(async () => {
  core = await CoreFixture.start({ maxRunning: 10 });
});
afterEach(() => core.stop());

const put = (name: string, fields: Partial<Pool> = {}) =>
  core.core.pools.put(ANYONE, aPool(name, fields));
const remove = (name: string) => core.core.pools.remove(ANYONE, name);
const names = async () => (await core.core.pools.list()).map(({ name }) => name);
const submit = (pool: string, fields: Partial<JobRequest> = {}, options: SubmitOptions = {}) =>
  core.submit({ pool, ...fields }, options);
const refused = async (answer: Promise<unknown>): Promise<Problem> => {
  try {
    await answer;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('it was not refused');
};
const codeOf = async (answer: Promise<unknown>) => (await refused(answer)).code;
const pooled = (job: Job | undefined) => [job?.state, job?.waitingFor];

describe('a pool', () => {
  test('is made and changed while work goes on, and every driver hears of it', async () => {
    const { view, created } = await put('etl', { weight: 0.5, minShare: 2 });
    expect(created).toBe(true);
    expect(view).toMatchObject({ name: 'etl', weight: 0.5, source: 'API', running: 0, queued: 0 });
    await core.createSession({ sessionId: 'own', mode: 'ISOLATED' });
    const starting = core.maker.at(0).driver;
    const again = await put('etl', { weight: 2 });
    expect([again.created, again.view.weight, again.view.minShare]).toEqual([false, 2, 0]);
    for (const driver of [core.driver, starting]) {
      expect(driver.pools.map(({ name, weight }) => [name, weight])).toEqual([
        ['default', 1],
        ['high-priority', 1],
        ['etl', 2],
      ]);
    }
    expect(await core.stateOf((await submit('etl')).id)).toBe('RUNNING');
    expect(await core.core.pools.get('etl')).toMatchObject({ running: 1 });
  });

  test('of the file may be changed, and says so', async () => {
    expect((await core.core.pools.get('high-priority')).source).toBe('FILE');
    const { view, created } = await put('high-priority', { weight: 9 });
    expect([view.source, view.weight, created]).toEqual(['API', 9, false]);
    expect(await names()).toEqual(['default', 'high-priority']);
  });

  test('is answered for though a driver does not say that it has it', async () => {
    core.driver.setPools = () => new Promise(() => {});
    const made = put('etl');
    await core.clock.advance(2000);
    expect((await made).created).toBe(true);
    core.driver.setPools = () => Promise.reject(new Error('it is ending'));
    expect((await put('etl')).created).toBe(false);
    expect(core.logged.at(-1)?.message).toBe('a pool was changed');
    expect(core.logged).toContainEqual({
      level: 'warn',
      message: 'a driver did not take the pools',
    });
  });

  test('is one of two hundred at most', async () => {
    for (let n = 0; n < 198; n += 1) await put(`p-${n}`);
    expect(await codeOf(put('one-more'))).toBe('POOL_LIMIT');
    expect((await put('p-7', { weight: 7 })).created).toBe(false);
    await remove('p-8');
    expect((await put('one-more')).created).toBe(true);
  });

  test('that is not there cannot be shown, deleted or used', async () => {
    expect(await codeOf(core.core.pools.get('nope'))).toBe('NOT_FOUND');
    expect(await codeOf(remove('nope'))).toBe('NOT_FOUND');
    expect(await codeOf(submit('nope'))).toBe('UNKNOWN_POOL');
  });

  test('shows what its jobs have of Spark, and how long they waited', async () => {
    await put('etl', { maxRunning: 1 });
    const first = await submit('etl');
    const second = await submit('etl');
    core.driver.usage = async () => [{ name: 'default', runningTasks: 3, taskTimeMs: 4500 }];
    await core.clock.advance(1500);
    await core.end(first.id);
    expect(await core.stateOf(second.id)).toBe('RUNNING');
    await core.clock.advance(5000);
    expect(await core.core.pools.get('etl')).toMatchObject({ waitMs: { p50: 0, p95: 1500 } });
    expect(await core.core.pools.get('default')).toMatchObject({
      slotsInUse: 3,
      shareReached: 1,
      taskSeconds: 4.5,
      waitMs: { p50: null, p95: null },
    });
  });
});

describe('quotas of a pool', () => {
  test('hold over sessions, drivers and programs, and let others go on', async () => {
    await put('etl', { maxRunning: 2, maxQueued: 2 });
    const first = await submit('etl');
    await core.createSession({ sessionId: 'own', mode: 'ISOLATED' });
    core.maker.at(0).ready();
    await settled();
    const own = await submit('etl', {}, { session: 'own' });
    const third = await submit('etl');
    const program = await submit('etl', { kind: 'jar', code: null, filePath: '/x.jar' });
    for (const job of [third, program]) expect(pooled(job)).toEqual(['QUEUED', 'POOL']);
    const problem = await refused(submit('etl', {}, { session: 'own' }));
    expect([problem.code, problem.headers['retry-after']]).toEqual(['QUEUE_FULL', '2']);
    expect(problem.message).toContain('the pool "etl"');
    expect(await core.stateOf((await submit('default')).id)).toBe('RUNNING');
    // The place of a job on another driver.
    await core.end(own.id);
    await core.reached(third.id, 'RUNNING');
    await core.end(first.id);
    await core.reached(program.id, 'RUNNING');
    expect((await submit('etl')).state).toBe('QUEUED');
  });

  test('may change under what runs and waits', async () => {
    await put('etl', { maxRunning: 1 });
    const jobs = [await submit('etl'), await submit('etl'), await submit('etl')];
    expect((await core.core.pools.get('etl')).queued).toBe(2);
    await put('etl', { maxRunning: 3 });
    for (const { id } of jobs) await core.reached(id, 'RUNNING');
    await put('etl', { maxRunning: 1, maxQueued: 1 });
    expect(await core.core.pools.get('etl')).toMatchObject({ running: 3, queued: 0 });
    const waiting = await submit('etl');
    expect(await codeOf(submit('etl'))).toBe('QUEUE_FULL');
    for (const { id } of jobs) await core.end(id);
    await core.reached(waiting.id, 'RUNNING');
  });

  test('are kept by as many as come at once', async () => {
    await put('etl', { maxRunning: 3, maxQueued: 4 });
    const answers = await Promise.allSettled(Array.from({ length: 30 }, () => submit('etl')));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(7);
    await settled();
    expect(await core.core.pools.get('etl')).toMatchObject({ running: 3, queued: 4 });
  });

  test('and the limit of the server are told apart', async () => {
    await core.stop();
    core = await CoreFixture.start({ maxRunning: 10, maxRunningTotal: 2, maxQueued: 1 });
    await put('etl', { maxQueued: 5 });
    await submit('default');
    await submit('etl');
    expect(pooled(await submit('etl'))).toEqual(['QUEUED', 'POOL']);
    const problem = await refused(submit('etl'));
    expect(problem.code).toBe('QUEUE_FULL');
    expect(problem.message).toContain('libra.jobs.max-queued');
  });
});

describe('deleting a pool', () => {
  test('takes it from new work and from the drivers', async () => {
    await put('etl');
    await remove('etl');
    await remove('high-priority');
    expect(await names()).toEqual(['default']);
    expect(core.driver.pools.map(({ name }) => name)).toEqual(['default']);
    const problem = await refused(submit('etl'));
    expect([problem.code, problem.message]).toEqual([
      'UNKNOWN_POOL',
      'There is no pool "etl"; known are default.',
    ]);
    expect((await put('high-priority')).created).toBe(true);
  });

  test('is refused for default', async () => {
    expect(await codeOf(remove('default'))).toBe('POOL_PROTECTED');
  });

  test('is refused while a job runs, waits, or waits for its next attempt', async () => {
    await put('etl', { maxRunning: 1 });
    const running = await submit('etl', { retry: { maxAttempts: 2, on: ['LOST'] } });
    const waiting = await submit('etl');
    const problem = await refused(remove('etl'));
    expect([problem.code, problem.message]).toEqual([
      'POOL_IN_USE',
      'The pool "etl" has 2 jobs that have not ended.',
    ]);
    await core.end(running.id, failure('LOST', 'DRIVER_LOST'));
    await core.reached(waiting.id, 'RUNNING');
    await core.end(waiting.id);
    // Neither in the line nor running: in its backoff.
    expect(await core.core.pools.get('etl')).toMatchObject({ running: 0, queued: 0 });
    expect(await codeOf(remove('etl'))).toBe('POOL_IN_USE');
    await core.clock.advance(5000);
    await core.reached(running.id, 'RUNNING');
    await core.end(running.id);
    await remove('etl');
    expect(await names()).not.toContain('etl');
  });

  test('is refused while a job is on its way to the disk', async () => {
    await put('etl');
    const held = deferred<void>();
    core.store.before = async (method) => {
      if (method === 'create') await held.promise;
    };
    const submitted = submit('etl');
    await settled();
    expect(await codeOf(remove('etl'))).toBe('POOL_IN_USE');
    held.resolve();
    const { id } = await submitted;
    await core.reached(id, 'RUNNING');
    await core.end(id);
    await remove('etl');
  });

  test('that is on its way refuses jobs, and the store decides whether they may come again', async () => {
    await put('etl');
    const job = await submit('etl', {}, { key: 'k' });
    await settled();
    await core.end(job.id);
    const held = deferred<void>();
    core.store.before = async (method) => {
      if (method === 'remove') await held.promise;
    };
    const removing = refused(remove('etl'));
    await settled();
    expect(await codeOf(submit('etl'))).toBe('UNKNOWN_POOL');
    // What was accepted before is answered even so.
    expect((await submit('etl', {}, { key: 'k' })).id).toBe(job.id);
    core.store.broken = true;
    held.resolve();
    expect((await removing).code).toBe('STORE_UNAVAILABLE');
    core.store.broken = false;
    expect(core.driver.pools.map(({ name }) => name)).toContain('etl');
    expect(await core.stateOf((await submit('etl')).id)).toBe('RUNNING');
  });

  test('and submitting it at once leaves no job without its pool', async () => {
    for (let round = 0; round < 30; round += 1) {
      const name = `p-${round}`;
      await put(name);
      const [removed, ...jobs] = await Promise.allSettled([
        remove(name),
        ...Array.from({ length: 3 }, () => submit(name)),
        remove(name),
        submit(name),
      ]);
      await settled();
      const gone = !(await names()).includes(name);
      for (const job of jobs) {
        if (job.status === 'fulfilled' && job.value !== undefined) expect(gone).toBe(false);
      }
      expect(removed.status === 'fulfilled').toBe(gone);
      for (const id of core.executor.started) {
        if ((await core.get(id)).state === 'RUNNING') await core.end(id);
      }
    }
  });
});

describe('a change that the store does not take', () => {
  test('is none, and drivers do not hear of it', async () => {
    const before = core.driver.pools;
    core.store.broken = true;
    expect(await codeOf(put('etl'))).toBe('STORE_UNAVAILABLE');
    expect(await codeOf(put('default', { weight: 5 }))).toBe('STORE_UNAVAILABLE');
    core.store.broken = false;
    expect(core.driver.pools).toBe(before);
    expect(await names()).toEqual(['default', 'high-priority']);
    expect((await core.core.pools.get('default')).weight).toBe(1);
  });
});

describe('over a restart', () => {
  test('changes stay, also that a pool of the file is deleted', async () => {
    await put('etl', { weight: 0.25, maxRunning: 4 });
    await put('default', { weight: 2 });
    await remove('high-priority');
    await put('short-lived');
    await remove('short-lived');
    core = await core.crash({ maxRunning: 10 });
    const shown = (await core.core.pools.list()).map(({ name, weight, maxRunning, source }) => [
      name,
      weight,
      maxRunning,
      source,
    ]);
    expect(shown).toEqual([
      ['default', 2, null, 'API'],
      ['etl', 0.25, 4, 'API'],
    ]);
    expect(core.core.livePools().map(({ name }) => name)).toEqual(['default', 'etl']);
    // The driver may have been started with those of the file alone.
    expect(core.driver.pools.map(({ name }) => name)).toEqual(['default', 'etl']);
    await put('high-priority', { weight: 6 });
    core = await core.crash({ maxRunning: 10 });
    expect((await core.core.pools.get('high-priority')).weight).toBe(6);
  });

  test('a job whose pool has gone from the file goes on in default', async () => {
    const pools = ['default', 'gone'].map((name) => aPool(name));
    await core.stop();
    core = await CoreFixture.start({ driverReady: false, pools });
    const query = await submit('gone');
    const program = await submit('gone', { kind: 'jar', code: null, filePath: '/x.jar' });
    await core.reached(program.id, 'RUNNING');
    core = await core.crash({ driverReady: false, pools: pools.slice(0, 1) });
    await settled();
    expect(await core.core.pools.get('default')).toMatchObject({ running: 1, queued: 1 });
    core.driver.ready();
    await core.reached(query.id, 'RUNNING');
    for (const executor of [core.executor, core.submitter]) {
      expect(executor.executions.at(-1)?.request.pool).toBe('default');
    }
    expect(core.logged).toContainEqual({
      level: 'warn',
      message: 'the pool of a job is gone: it goes on in "default"',
    });
    expect((await core.get(query.id)).request.pool).toBe('gone');
  });

  test('nothing is shown or changed before it is known what was kept', async () => {
    const early = await CoreFixture.open();
    expect(await codeOf(early.core.pools.list())).toBe('STORE_UNAVAILABLE');
    expect(await codeOf(early.core.pools.get('default'))).toBe('STORE_UNAVAILABLE');
    expect(await codeOf(early.core.pools.put(ANYONE, aPool('etl')))).toBe('STORE_UNAVAILABLE');
    await early.core.start();
    expect(await early.core.pools.list()).toHaveLength(2);
    await early.stop();
    expect(await codeOf(early.core.pools.put(ANYONE, aPool('etl')))).toBe('SERVER_STOPPING');
  });
});
