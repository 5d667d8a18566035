import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Problem } from '../../src/domain/errors.ts';
import { ANYONE, CoreFixture, person, sql } from '../support/core-fixture.ts';
import { settled } from '../support/fake-clock.ts';
import { failure, SUCCESS } from '../support/hand-executor.ts';

let core: CoreFixture;
beforeEach(async () => {
  core = await CoreFixture.start();
});
afterEach(() => core.stop());

const refused = async (call: Promise<unknown>): Promise<Problem> => {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Problem);
  return error as Problem;
};

describe('a statement', () => {
  test('goes through its states and is on disk in each', async () => {
    const job = await core.submit({ code: 'SELECT 1' });
    expect((await core.store.jobs.get(job.id))?.state).toBeDefined();
    await settled();
    expect(await core.stored(job.id)).toMatchObject({ state: 'RUNNING', attempt: 1 });
    core.executor.observer(job.id).progress(0.5);
    expect((await core.get(job.id)).progress).toBe(0.5);
    await core.clock.advance(1500);
    const ended = await core.end(job.id);
    expect(ended).toMatchObject({ state: 'SUCCESS', progress: 1, error: null });
    expect((ended.completedAt ?? 0) - (ended.startedAt ?? 0)).toBe(1500);
    expect(await core.stored(job.id)).toEqual(ended);
  });

  test.each([
    [{ pool: 'nope' }, 'UNKNOWN_POOL', 'pool'],
    [{ code: 'SELECT 1; SELECT 2' }, 'MULTIPLE_STATEMENTS', 'code'],
    [{ code: '-- nothing' }, 'INVALID_REQUEST', 'code'],
    [{ sparkConfig: { 'hive.x': '1' } }, 'INVALID_REQUEST', 'sparkConfig.hive.x'],
    [{ sparkConfig: { 'spark.a\nb': '1' } }, 'INVALID_REQUEST', 'sparkConfig.spark.a\nb'],
    [
      { code: 'USE d', sparkConfig: { 'spark.sql.ansi.enabled': '1' } },
      'SETTING_NOT_SCOPED',
      'sparkConfig',
    ],
  ])('%j is refused with %s, and no job exists', async (fields, code, field) => {
    const problem = await refused(core.submit(fields));
    expect([problem.code, problem.errors[0]?.field]).toEqual([code, field]);
    expect((await core.core.jobs.list(ANYONE, {}, 10, null)).items).toEqual([]);
    expect(core.core.gauges.load).toEqual({ running: 0, queued: 0 });
  });

  test('the known pools are named', async () => {
    const problem = await refused(core.submit({ pool: 'nope' }));
    expect(problem.errors[0]?.message).toContain('default, high-priority');
  });

  test('a viewer does not submit, cancel or remove', async () => {
    const viewer = person('vera', 'viewer');
    expect((await refused(core.submit({}, { as: viewer }))).code).toBe('FORBIDDEN');
    const job = await core.running();
    expect((await refused(core.core.jobs.cancel(viewer, job.id, 'x'))).code).toBe('FORBIDDEN');
    expect((await refused(core.core.jobs.remove(viewer, job.id))).code).toBe('FORBIDDEN');
  });

  test('while the store does not work nothing is accepted, and nothing is left behind', async () => {
    core.store.broken = true;
    const problem = await refused(core.submit());
    expect([problem.code, problem.headers['retry-after']]).toEqual(['STORE_UNAVAILABLE', '5']);
    core.store.broken = false;
    expect(core.core.gauges.load.queued).toBe(0);
    const [session] = await core.core.sessions.list(ANYONE);
    expect(session?.activeJobs).toBe(0);
    expect(await core.stateOf((await core.submit()).id)).toBe('RUNNING');
  });
});

describe('the queue', () => {
  test('waits for the driver, then for a place', async () => {
    const cold = await CoreFixture.start({ driverReady: false, maxRunning: 1 });
    const first = await cold.submit();
    const second = await cold.submit();
    expect([first.waitingFor, (await cold.get(first.id)).waitingFor]).toEqual(['DRIVER', 'DRIVER']);
    cold.driver.ready();
    expect([await cold.stateOf(first.id), await cold.stateOf(second.id)]).toEqual([
      'RUNNING',
      'QUEUED',
    ]);
    expect((await cold.get(second.id)).waitingFor).toBe('POOL');
    expect((await cold.get(first.id)).waitingFor).toBe(null);
    await cold.end(first.id);
    expect(await cold.stateOf(second.id)).toBe('RUNNING');
    await cold.stop();
  });

  test('serves pools in turns, and each in its order', async () => {
    const many = [await core.running(), await core.running()];
    const ids: string[] = [];
    for (const pool of ['default', 'default', 'default', 'high-priority', 'high-priority']) {
      ids.push((await core.submit({ pool })).id);
    }
    const [d1, d2, d3, h1, h2] = ids;
    for (const job of many) await core.end(job.id);
    for (const id of [d1, h1, d2, h2]) await core.end(id as string);
    expect(core.executor.started.slice(2)).toEqual([d1, h1, d2, h2, d3]);
    expect(await core.core.pools.get('default')).toMatchObject({ running: 1, queued: 0 });
  });

  test('keeps places free for other pools while one is flooded', async () => {
    const wide = await CoreFixture.start({ maxRunning: 4 });
    const flood: string[] = [];
    for (let n = 0; n < 6; n++) flood.push((await wide.submit({ pool: 'default' })).id);
    expect(await wide.core.pools.get('default')).toMatchObject({ running: 3, queued: 3 });
    const short = await wide.submit({ pool: 'high-priority' });
    expect(await wide.stateOf(short.id)).toBe('RUNNING');
    await wide.end(short.id);
    expect(await wide.core.pools.get('default')).toMatchObject({ running: 3, queued: 3 });
    await wide.end(flood[0] as string);
    expect(await wide.core.pools.get('default')).toMatchObject({ running: 3, queued: 2 });
    await wide.stop();
  });

  test('refuses one more than fits, counting only those that wait', async () => {
    const small = await CoreFixture.start({ maxRunning: 1, maxQueued: 2 });
    const jobs = await Promise.allSettled(Array.from({ length: 10 }, () => small.submit()));
    const accepted = jobs.flatMap((job) => (job.status === 'fulfilled' ? [job.value] : []));
    expect(accepted).toHaveLength(3);
    const problem = await refused(small.submit({}, { key: 'k' }));
    expect(problem.code).toBe('QUEUE_FULL');
    expect(Number(problem.headers['retry-after'])).toBeGreaterThan(0);
    await settled();
    await small.end(accepted[0]?.id as string);
    const kept = await small.submitted({}, { key: 'k' });
    expect(kept.replayed).toBe(false);
    await small.stop();
  });
});

describe('an idempotency key', () => {
  test('leads to the same job, also when many come at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => core.submitted({}, { key: 'k' })),
    );
    expect(new Set(answers.map(({ job }) => job.id)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    await settled();
    expect(core.executor.started).toHaveLength(1);
    expect((await core.core.sessions.list(ANYONE))[0]?.activeJobs).toBe(1);
  });

  test('belongs to its owner', async () => {
    const alice = await core.submit({}, { key: 'k', as: person('alice', 'user') });
    const bob = await core.submit({}, { key: 'k', as: person('bob', 'user') });
    expect(alice.id).not.toBe(bob.id);
  });

  test('with another body is a conflict; how to wait does not count', async () => {
    const body = { sessionId: 'default', code: 'SELECT 1', nested: { b: 1, a: 2 } };
    const first = await core.submitted(
      {},
      { key: 'k', body: { ...body, wait: '1s', rowLimit: 5 } },
    );
    const again = await core.submitted(
      {},
      {
        key: 'k',
        body: {
          nested: { a: 2, b: 1 },
          onTimeout: 'CANCEL',
          code: 'SELECT 1',
          sessionId: 'default',
        },
      },
    );
    expect([again.job.id, again.replayed]).toEqual([first.job.id, true]);
    const other = core.submit({}, { key: 'k', body: { ...body, code: 'SELECT 2' } });
    expect((await refused(other)).code).toBe('IDEMPOTENCY_CONFLICT');
  });

  test('answers with the ended job, even where a new one would be refused', async () => {
    const small = await CoreFixture.start({ maxRunning: 1, maxQueued: 0 });
    const job = await small.submit({}, { key: 'k' });
    await settled();
    await small.end(job.id);
    await small.running();
    expect((await refused(small.submit())).code).toBe('QUEUE_FULL');
    const again = await small.submitted({}, { key: 'k' });
    expect([again.replayed, again.job.state]).toEqual([true, 'SUCCESS']);
    await small.stop();
  });
});

describe('secrets', () => {
  const sparkConfig = { 'spark.my.password': 'hush', 'spark.sql.ansi.enabled': 'true' };

  test('reach the executor, and are nowhere in the history once the job has ended', async () => {
    const job = await core.running({ sparkConfig });
    expect(core.executor.executions[0]?.request.sparkConfig).toEqual(sparkConfig);
    expect(JSON.stringify(job)).not.toContain('hush');
    expect(await core.store.jobs.secrets(job.id)).toEqual({ 'spark.my.password': 'hush' });
    await core.end(job.id);
    expect(await core.store.jobs.secrets(job.id)).toBe(null);
  });

  test('a rerun needs them anew once they are gone', async () => {
    const job = await core.running({ sparkConfig });
    const rerun = (overrides: Record<string, string> | null) =>
      core.core.jobs.rerun(ANYONE, job.id, { sparkConfig: overrides }, 'request-2', null);
    expect((await rerun(null)).job.id).not.toBe(job.id);
    await core.end(job.id);
    const problem = await refused(rerun(null));
    expect([problem.code, problem.errors[0]?.field]).toEqual([
      'SECRETS_GONE',
      'sparkConfig.spark.my.password',
    ]);
    const again = await rerun({ 'spark.my.password': 'psst' });
    await settled();
    await core.end(core.executor.started[1] as string);
    expect(core.executor.executions.at(-1)?.request.sparkConfig).toEqual({
      ...sparkConfig,
      'spark.my.password': 'psst',
    });
    expect(again.job.request.code).toBe(sql().code);
  });
});

describe('a retry', () => {
  const retry = { maxAttempts: 3, on: ['LOST' as const] };

  test('runs the same job again until its attempts are used up', async () => {
    const job = await core.running({ retry });
    for (const attempt of [2, 3]) {
      expect((await core.end(job.id, failure('LOST', 'DRIVER_LOST'))).state).toBe('QUEUED');
      await core.clock.advance(30_000);
      expect(await core.reached(job.id, 'RUNNING')).toMatchObject({ attempt });
    }
    const ended = await core.end(job.id, failure('LOST', 'DRIVER_LOST'));
    expect(ended).toMatchObject({ state: 'LOST', attempt: 3, error: { code: 'DRIVER_LOST' } });
    await core.clock.advance(60_000);
    expect(core.executor.started).toHaveLength(3);
  });

  test('happens on the listed ends only', async () => {
    const failed = await core.running({ retry });
    expect((await core.end(failed.id, failure('FAILED', 'EXECUTION_FAILED'))).state).toBe('FAILED');
    const listed = await core.running({ retry: { maxAttempts: 2, on: ['FAILED'] } });
    const again = await core.end(listed.id, failure('FAILED', 'EXECUTION_FAILED'));
    expect([again.state, again.attempt, again.startedAt]).toEqual(['QUEUED', 2, null]);
    await core.clock.advance(1000);
    await core.reached(listed.id, 'RUNNING');
    expect((await core.end(listed.id, SUCCESS)).state).toBe('SUCCESS');
  });

  test('is given up by a cancel, while it runs and while it waits', async () => {
    const running = await core.running({ retry });
    await core.core.jobs.cancel(ANYONE, running.id, 'enough');
    expect((await core.end(running.id, failure('LOST', 'DRIVER_LOST'))).state).toBe('LOST');
    const waiting = await core.running({ retry });
    await core.end(waiting.id, failure('LOST', 'DRIVER_LOST'));
    const { job } = await core.core.jobs.cancel(ANYONE, waiting.id, 'enough');
    expect(job.state).toBe('CANCELLED');
    await core.clock.advance(60_000);
    expect(core.executor.started).toHaveLength(2);
  });

  test('what a former attempt still says does not count', async () => {
    const job = await core.running({ retry });
    const former = core.executor.observer(job.id);
    await core.end(job.id, failure('LOST', 'DRIVER_LOST'));
    await core.clock.advance(1000);
    former.progress(0.9);
    former.ended(SUCCESS);
    await settled();
    expect((await core.reached(job.id, 'RUNNING')).progress).toBe(0);
  });
});
