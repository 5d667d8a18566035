import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Job, JobState } from '../../src/domain/job.ts';
import { ANYONE, CoreFixture, person } from '../support/core-fixture.ts';
import { settled } from '../support/fake-clock.ts';
import { failure, SUCCESS } from '../support/hand-executor.ts';
import { refusal } from '../support/problems.ts';

let core: CoreFixture;
beforeEach(async () => {
  core = await CoreFixture.start();
});
afterEach(() => core.stop());

const cancel = (id: string, as = ANYONE) => core.core.jobs.cancel(as, id, 'not needed');
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const occupy = async (): Promise<readonly Job[]> => [await core.running(), await core.running()];

describe('a cancel', () => {
  test('ends a waiting job at once', async () => {
    await occupy();
    const job = await core.submit();
    const answer = await cancel(job.id);
    expect(answer).toMatchObject({ accepted: true, job: { state: 'CANCELLED' } });
    expect(answer.job.error).toMatchObject({
      code: 'CANCELLED',
      message: 'The job was cancelled: not needed.',
    });
    expect(core.core.gauges.load).toEqual({ running: 2, queued: 0 });
    expect(core.executor.started).not.toContain(job.id);
  });

  test('of a running job waits for its executor', async () => {
    const job = await core.running();
    expect(await cancel(job.id)).toMatchObject({ accepted: true, job: { state: 'RUNNING' } });
    expect(core.executor.cancelled).toEqual([job.id]);
    expect(await core.stored(job.id)).toMatchObject({
      state: 'RUNNING',
      cancelCause: 'not needed',
    });
    const ended = await core.end(job.id, { state: 'CANCELLED', error: null });
    expect(ended).toMatchObject({ state: 'CANCELLED', error: { code: 'CANCELLED' } });
  });

  test('that comes too late changes nothing: what happened wins', async () => {
    const job = await core.running();
    await cancel(job.id);
    expect(await core.end(job.id, SUCCESS)).toMatchObject({ state: 'SUCCESS', error: null });
    expect(await cancel(job.id)).toMatchObject({ accepted: false, job: { state: 'SUCCESS' } });
  });

  test.each([0, 1, 2, 3, 5, 8])(
    'that races with the start (%i ticks) settles one way',
    async (ticks) => {
      const job = await core.submit();
      for (let tick = 0; tick < ticks; tick += 1) await null;
      const answer = await cancel(job.id);
      await settled();
      const state = await core.stateOf(job.id);
      if (core.executor.started.includes(job.id)) {
        expect([state, core.executor.cancelled]).toEqual(['RUNNING', [job.id]]);
      } else {
        expect(state).toBe('CANCELLED');
        expect(core.core.gauges.load).toEqual({ running: 0, queued: 0 });
      }
      expect(answer.accepted).toBe(true);
    },
  );

  test.each([
    [0, 1],
    [1, 0],
  ])(
    'while the start is on its way to the disk keeps the job from the executor (%i before %i)',
    async (...order) => {
      const gates: (() => void)[] = [];
      core.store.before = (method) =>
        method === 'transition' && gates.length < 2
          ? new Promise((resolve) => void gates.push(resolve))
          : Promise.resolve();
      const { id } = await core.submit();
      const answer = cancel(id);
      await settled();
      expect(gates).toHaveLength(2);
      for (const index of order) {
        gates[index]?.();
        await settled();
      }
      expect((await answer).job.state).toBe('CANCELLED');
      expect(await core.stored(id)).toMatchObject({ state: 'CANCELLED' });
      expect(core.executor.started).toEqual([]);
      expect(core.core.gauges.load).toEqual({ running: 0, queued: 0 });
    },
  );

  test('races with success over and over, and the disk and the answers agree', async () => {
    for (let round = 0; round < 30; round += 1) {
      const job = await core.running();
      const cancelling = cancel(job.id);
      for (let tick = 0; tick < round % 6; tick += 1) await null;
      core.executor.end(job.id, round % 2 === 0 ? SUCCESS : { state: 'CANCELLED', error: null });
      await cancelling;
      await settled();
      const stored = await core.store.jobs.get(job.id);
      expect(stored?.state).toBe(round % 2 === 0 ? 'SUCCESS' : 'CANCELLED');
      expect(await core.get(job.id)).toEqual(stored);
    }
  });

  test('keeps its first cause', async () => {
    const job = await core.running({ maxRuntimeMs: 1000 });
    await cancel(job.id);
    await core.clock.advance(5000);
    const ended = await core.end(job.id, { state: 'CANCELLED', error: null });
    expect([ended.cancelCause, ended.error?.code]).toEqual(['not needed', 'CANCELLED']);
  });

  test('is refused while the store does not take it, and the job goes on', async () => {
    const job = await core.running();
    core.store.broken = true;
    expect(await refusal(cancel(job.id))).toBe('STORE_UNAVAILABLE');
    core.store.broken = false;
    expect(core.executor.cancelled).toEqual([]);
    expect((await core.end(job.id)).state).toBe('SUCCESS');
  });
});

describe('maxRuntime', () => {
  test('counts from the start, and ends the job as TIMED_OUT', async () => {
    const [first] = await occupy();
    const job = await core.submit({ maxRuntimeMs: 1000 });
    await core.clock.advance(5000);
    await core.end(first?.id as string);
    await core.clock.advance(999);
    expect(core.executor.cancelled).toEqual([]);
    await core.clock.advance(1);
    expect(core.executor.cancelled).toEqual([job.id]);
    const ended = await core.end(job.id, { state: 'CANCELLED', error: null });
    expect(ended).toMatchObject({ state: 'CANCELLED', error: { code: 'TIMED_OUT' } });
  });

  test('stops the work even when the disk is full', async () => {
    const job = await core.running({ maxRuntimeMs: 1000 });
    core.store.broken = true;
    await core.clock.advance(1000);
    expect(core.executor.cancelled).toEqual([job.id]);
    core.store.broken = false;
    const ended = await core.end(job.id, { state: 'CANCELLED', error: null });
    expect(ended.error?.code).toBe('TIMED_OUT');
  });
});

describe('waiting for the end', () => {
  test('answers with the ended job, or with the running one when the time is over', async () => {
    const job = await core.running();
    const patient = core.core.jobs.awaitEnd(ANYONE, job.id, 60_000);
    const hasty = core.core.jobs.awaitEnd(ANYONE, job.id, 1000);
    await core.clock.advance(1000);
    expect((await hasty).state).toBe('RUNNING');
    await core.end(job.id);
    expect((await patient).state).toBe('SUCCESS');
    expect((await core.core.jobs.awaitEnd(ANYONE, job.id, 60_000)).state).toBe('SUCCESS');
  });

  test('leaves no timers behind', async () => {
    const job = await core.running();
    const before = core.clock.timers;
    const waiting = Promise.all(
      Array.from({ length: 50 }, () => core.core.jobs.awaitEnd(ANYONE, job.id, 60_000)),
    );
    await settled();
    expect(core.clock.timers).toBeGreaterThanOrEqual(before + 50);
    await core.end(job.id);
    await waiting;
    expect(core.clock.timers).toBeLessThan(before + 5);
  });
});

describe('an end that the store does not take', () => {
  test('is written later, and not told before', async () => {
    const job = await core.running();
    const waiting = core.core.jobs.awaitEnd(ANYONE, job.id, 3_600_000);
    core.store.broken = true;
    core.executor.end(job.id, SUCCESS);
    for (let minute = 0; minute < 5; minute += 1) await core.clock.advance(60_000);
    expect((await core.get(job.id)).state).toBe('RUNNING');
    expect(core.logged.filter(({ level }) => level === 'error').length).toBeGreaterThan(3);
    core.store.broken = false;
    await core.clock.advance(5000);
    expect((await waiting).state).toBe('SUCCESS');
    expect((await core.stored(job.id))?.state).toBe('SUCCESS');
  });

  test('lets waiting jobs start when the store is back, in their order', async () => {
    const [first, second] = await occupy();
    const third = await core.submit();
    const fourth = await core.submit();
    core.store.broken = true;
    core.executor.end(first?.id as string);
    await core.clock.advance(10_000);
    core.store.broken = false;
    await core.clock.advance(10_000);
    await core.end(second?.id as string);
    expect(core.executor.started.slice(2)).toEqual([third.id, fourth.id]);
  });

  test('a start that the store does not take is tried again', async () => {
    const cold = await CoreFixture.start({ driverReady: false });
    const job = await cold.submit();
    cold.store.broken = true;
    cold.driver.ready();
    await cold.clock.advance(3000);
    expect((await cold.get(job.id)).state).toBe('QUEUED');
    cold.store.broken = false;
    await cold.clock.advance(1000);
    expect((await cold.get(job.id)).state).toBe('RUNNING');
    await cold.stop();
  });
});

describe('removing', () => {
  test('takes the result and the log along', async () => {
    const job = await core.running();
    core.executor.observer(job.id).log('stdout', 'hello');
    expect(await refusal(core.core.jobs.remove(ANYONE, job.id))).toBe('JOB_ACTIVE');
    const folder = join(core.dir, 'results', job.id);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'manifest.json'), '{}');
    await core.end(job.id);
    expect((await core.core.jobs.logs(ANYONE, job.id, 'stdout', 0, 100)).text).toBe('hello');
    await core.core.jobs.remove(ANYONE, job.id);
    expect(await refusal(core.get(job.id))).toBe('NOT_FOUND');
    expect(await readdir(join(core.dir, 'results'))).toEqual([]);
    expect(await readdir(join(core.dir, 'logs'))).toEqual([]);
    expect(await refusal(core.core.jobs.remove(ANYONE, job.id))).toBe('NOT_FOUND');
  });

  test('a job that did not succeed leaves no folder', async () => {
    const job = await core.running();
    await mkdir(join(core.dir, 'results', job.id), { recursive: true });
    await core.end(job.id, failure('LOST', 'DRIVER_LOST'));
    for (let turn = 0; turn < 500; turn += 1) {
      if ((await readdir(join(core.dir, 'results'))).length === 0) return;
      await pause(1);
    }
    throw new Error('the folder is still there');
  });
});

describe('jobs of others', () => {
  const alice = person('alice', 'user');
  const bob = person('bob', 'user');
  const olga = person('olga', 'operator');

  test('are not there, save for operators', async () => {
    const job = await core.running({}, { as: alice });
    expect(await refusal(core.core.jobs.get(bob, job.id))).toBe('NOT_FOUND');
    expect(await refusal(cancel(job.id, bob))).toBe('NOT_FOUND');
    expect(await refusal(core.core.jobs.remove(bob, job.id))).toBe('NOT_FOUND');
    expect(await refusal(core.core.jobs.events(bob, job.id, null))).toBe('NOT_FOUND');
    expect((await core.core.jobs.get(olga, job.id)).id).toBe(job.id);
    expect((await cancel(job.id, olga)).accepted).toBe(true);
    await core.end(job.id);
    expect(await refusal(core.core.jobs.remove(olga, job.id))).toBe('FORBIDDEN');
    await core.core.jobs.remove(alice, job.id);
  });

  test('are not in the list', async () => {
    const mine = await core.submit({}, { as: alice });
    await core.submit({}, { as: bob });
    const ids = async (...args: Parameters<typeof core.core.jobs.list>) =>
      (await core.core.jobs.list(...args)).items.map((job) => job.id);
    expect(await ids(alice, {}, 10, null)).toEqual([mine.id]);
    expect(await ids(alice, { owner: 'bob' }, 10, null)).toEqual([]);
    expect(await ids(olga, {}, 10, null)).toHaveLength(2);
    expect(await ids(olga, { owner: 'alice' }, 10, null)).toEqual([mine.id]);
    expect(await refusal(core.core.jobs.list(olga, {}, 10, 'nonsense'))).toBe('BAD_CURSOR');
  });
});

describe('a stop', () => {
  const states = async (...jobs: readonly Job[]): Promise<readonly (JobState | undefined)[]> =>
    Promise.all(jobs.map(async ({ id }) => (await core.store.jobs.get(id))?.state));

  test('lets running jobs finish, and leaves waiting ones for the next start', async () => {
    const [first, second] = await occupy();
    const waiting = await core.submit();
    const held = core.core.jobs.awaitEnd(ANYONE, waiting.id, 60_000);
    const drained = core.core.drain(15_000);
    expect((await held).state).toBe('QUEUED');
    expect(await refusal(core.submit())).toBe('SERVER_STOPPING');
    expect((await core.core.health.ready()).ready).toBe(false);
    await core.end(first?.id as string);
    await core.end(second?.id as string);
    await drained;
    expect(await states(first as Job, second as Job, waiting)).toEqual([
      'SUCCESS',
      'SUCCESS',
      'QUEUED',
    ]);
  });

  test('loses what still runs at the deadline, and says so', async () => {
    const job = await core.running();
    const again = await core.running({ retry: { maxAttempts: 2, on: ['LOST'] } });
    const stream = await core.core.jobs.events(ANYONE, again.id, null);
    const drained = core.core.drain(15_000);
    await core.clock.advance(15_000);
    await drained;
    expect(await core.store.jobs.get(job.id)).toMatchObject({
      state: 'LOST',
      error: { code: 'SERVER_STOPPED' },
    });
    expect(await core.store.jobs.get(again.id)).toMatchObject({ state: 'QUEUED', attempt: 2 });
    core.executor.end(job.id, SUCCESS);
    expect(await core.stateOf(job.id)).toBe('LOST');
    const types: string[] = [];
    for await (const event of stream ?? []) types.push(event.type);
    expect(types).not.toContain('end');
  });

  test('does not hang on a store that is gone', async () => {
    const job = await core.running();
    core.store.broken = true;
    core.executor.end(job.id);
    const drained = core.core.drain(15_000);
    for (let second = 0; second < 25; second += 1) await core.clock.advance(1000);
    await drained;
    core.store.broken = false;
    expect(await states(job)).toEqual(['RUNNING']);
  });
});
