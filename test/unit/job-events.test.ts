import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JobEvent, JobEventStream } from '../../src/jobs/job-events.ts';
import { JobEvents } from '../../src/jobs/job-events.ts';
import { ANYONE, CoreFixture } from '../support/core-fixture.ts';
import { settled } from '../support/fake-clock.ts';

const collect = async (stream: JobEventStream | null): Promise<readonly JobEvent[]> => {
  const events: JobEvent[] = [];
  for await (const event of stream ?? []) events.push(event);
  return events;
};
const types = (events: readonly JobEvent[]) => events.map(({ type }) => type);

describe('the events of a job in memory', () => {
  test('reach every reader in their order, live and late', async () => {
    const events = new JobEvents();
    events.publish('state', 1);
    const live = collect(events.streamAfter(null));
    await settled();
    events.publish('progress', 0.5);
    await settled();
    events.log('stdout', 'hello');
    events.publish('end', {});
    const seen = await live;
    expect(seen.map(({ id, type }) => [id, type])).toEqual([
      [1, 'state'],
      [2, 'progress'],
      [3, 'log'],
      [4, 'end'],
    ]);
    expect(await collect(events.streamAfter(null))).toEqual(seen);
    expect(await collect(events.streamAfter(2))).toEqual(seen.slice(2));
    expect(events.streamAfter(4)).toBe(null);
  });

  test('progress that was overtaken is not kept', async () => {
    const events = new JobEvents();
    for (let n = 1; n <= 1000; n += 1) events.publish('progress', n);
    events.publish('end', {});
    const seen = await collect(events.streamAfter(null));
    expect(seen.map(({ id, data }) => [id, data])).toEqual([
      [1000, 1000],
      [1001, {}],
    ]);
  });

  test('a flood of output keeps the newest lines, the states and the end', async () => {
    const events = new JobEvents();
    events.publish('state', 'RUNNING');
    const slow = events.streamAfter(null)?.[Symbol.asyncIterator]();
    await slow?.next();
    for (let n = 0; n < 20_000; n += 1) events.log('stdout', `${n} ${'x'.repeat(100)}`);
    events.log('stderr', 'y'.repeat(3_000_000));
    events.publish('end', {});
    const seen = await collect(events.streamAfter(null));
    expect(seen.length).toBeLessThan(520);
    expect([seen[0]?.type, seen.at(-1)?.type]).toEqual(['state', 'end']);
    const kept = seen.reduce((sum, { data }) => sum + JSON.stringify(data).length, 0);
    expect(kept).toBeLessThan(600_000);
    const next = await slow?.next();
    expect(next?.value).toEqual(seen[1]);
  });

  test('a closed stream ends, whether it waits or not', async () => {
    const events = new JobEvents();
    const stream = events.streamAfter(null) as JobEventStream;
    const reading = collect(stream);
    await settled();
    stream.close();
    expect(await reading).toEqual([]);
  });
});

describe('the events of a job', () => {
  let core: CoreFixture;
  beforeEach(async () => {
    core = await CoreFixture.start();
  });
  afterEach(() => core.stop());

  test('tell its states, progress, output and end', async () => {
    const job = await core.running();
    const reading = core.core.jobs.events(ANYONE, job.id, null).then(collect);
    await settled();
    core.executor.observer(job.id).progress(0.25);
    await settled();
    core.executor.observer(job.id).log('stderr', 'stage 1\n');
    await core.end(job.id);
    const events = await reading;
    expect(types(events)).toEqual([
      ...['state', 'state', 'progress', 'log'],
      ...['progress', 'state', 'end'],
    ]);
    expect(events.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(events.map(({ data }) => data)).toMatchObject([
      { state: 'QUEUED' },
      { state: 'RUNNING', attempt: 1 },
      { progress: 0.25 },
      { stream: 'stderr', text: 'stage 1\n' },
      { progress: 1 },
      { state: 'SUCCESS' },
      { state: 'SUCCESS', error: null, rowCount: 1 },
    ]);
    expect((await core.stored(job.id))?.lastEventId).toBe(7);
  });

  test('progress never goes back', async () => {
    const job = await core.running();
    const { progress } = core.executor.observer(job.id);
    for (const fraction of [0.5, 0.2, 0.5, 7]) progress(fraction);
    expect((await core.get(job.id)).progress).toBe(1);
  });

  test('of a job that ended long ago are its state and its end', async () => {
    const job = await core.running();
    await core.end(job.id);
    const recent = await collect(await core.core.jobs.events(ANYONE, job.id, null));
    await core.clock.advance(3_600_000);
    const late = await collect(await core.core.jobs.events(ANYONE, job.id, null));
    expect(late).toEqual(recent.slice(-2));
    const last = late[1]?.id as number;
    expect(types(await collect(await core.core.jobs.events(ANYONE, job.id, last - 1)))).toEqual([
      'end',
    ]);
    expect(await core.core.jobs.events(ANYONE, job.id, last)).toBe(null);
  });

  test('after a restart go on behind those of the last server', async () => {
    const job = await core.running({ retry: { maxAttempts: 2, on: ['LOST'] } });
    const before = core.core.jobs.events(ANYONE, job.id, null);
    const last = (await (await before)?.[Symbol.asyncIterator]().next())?.value?.id as number;
    core = await core.crash();
    await core.reached(job.id, 'RUNNING');
    await core.end(job.id);
    const events = await collect(await core.core.jobs.events(ANYONE, job.id, last + 500));
    expect(types(events).at(-1)).toBe('end');
    expect(events.every(({ id }) => id > last + 500)).toBe(true);
  });
});
