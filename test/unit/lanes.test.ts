import { beforeEach, describe, expect, test } from 'vitest';
import { driverMemory } from '../../src/driver-memory.ts';
import { Executors } from '../../src/jobs/executors.ts';
import type { LanesOptions } from '../../src/jobs/lanes.ts';
import { Lanes } from '../../src/jobs/lanes.ts';
import type { Line } from '../../src/jobs/line.ts';
import type { FullQueue, Reservation } from '../../src/jobs/waiting-room.ts';
import type { Quotas } from '../../src/pools/admission.ts';
import { Admission } from '../../src/pools/admission.ts';
import { DriverGate } from '../../src/sessions/driver-gate.ts';
import type { DriverHandle } from '../../src/sessions/driver-handle.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { HandDriver } from '../support/hand-driver.ts';
import { HandExecutor } from '../support/hand-executor.ts';
import { aJob } from '../support/http-services.ts';

interface Hand extends DriverHandle {
  readonly driver: HandDriver;
}
const handle = (ready = true): Hand => {
  const driver = new HandDriver();
  const hand = { driver, gate: new DriverGate(driver, new FakeClock()) };
  if (ready) driver.ready();
  return hand;
};

let launched: string[];
let waits: [string, number][];
let quotas: Map<string, Quotas>;
let clock: FakeClock;
let admission: Admission;
let lanes: Lanes;

const begin = (
  limits: Partial<LanesOptions> & { readonly total?: number; readonly totalShare?: number } = {},
): void => {
  const { total = 100, totalShare = 1, ...rest } = limits;
  launched = [];
  waits = [];
  quotas = new Map();
  clock = new FakeClock();
  admission = new Admission({
    quotasOf: (pool) => quotas.get(pool),
    maxRunning: total,
    poolShare: totalShare,
  });
  lanes = new Lanes({
    admission,
    clock,
    maxRunning: 1,
    maxPrograms: 1,
    maxQueued: 2,
    poolShare: 1,
    launch: (_line, jobId) => launched.push(jobId),
    waited: (pool, ms) => waits.push([pool, ms]),
    ...rest,
  });
};
beforeEach(() => begin());

/** Jobs of a pool at a line, in this order. */
const enqueue = (line: Line, pool: string, ...jobIds: string[]): void => {
  for (const jobId of jobIds) line.enqueue(jobId, pool);
};
const held = (reserved: Reservation | FullQueue): Reservation => {
  if (typeof reserved === 'string') throw new Error(`the queue of the ${reserved} is full`);
  return reserved;
};

describe('the lines of jobs', () => {
  test('move each with its own driver', () => {
    const [a, b] = [handle(false), handle(false)];
    lanes.of(a).enqueue('a-1', 'p');
    lanes.of(b).enqueue('b-1', 'p');
    b.driver.ready();
    expect(launched).toEqual(['b-1']);
    expect(lanes.of(a).waitingFor('a-1')).toBe('DRIVER');
    a.driver.ready();
    expect(launched).toEqual(['b-1', 'a-1']);
    a.driver.lose();
    expect(lanes.of(a).nextWaitsFor('p')).toBe('DRIVER');
    expect(admission.load).toEqual({ running: 2, queued: 0 });
    expect(admission.loadOf('p')).toEqual({ running: 2, queued: 0 });
  });

  test('stand still together, also those that come meanwhile', () => {
    const [a, late] = [handle(), handle()];
    lanes.of(a);
    lanes.pause('store');
    lanes.pause('drain');
    lanes.of(late).enqueue('late-1', 'p');
    lanes.of(a).enqueue('a-1', 'p');
    lanes.resume('store');
    expect(launched).toEqual([]);
    lanes.resume('drain');
    expect(launched.sort()).toEqual(['a-1', 'late-1']);
  });

  test('are full together: what can run at once does not count, programs have their own', () => {
    const [a, b] = [handle(), handle(false)];
    lanes.of(b).enqueue('b-1', 'p');
    const first = held(lanes.reserve(null, 'p'));
    expect(lanes.reserve(b, 'p')).toBe('SERVER');
    expect(lanes.reserve(null, 'p')).toBe('SERVER');
    // The free place of the other driver is no use to those that wait.
    held(lanes.reserve(a, 'p')).release();
    lanes.of(a).enqueue('a-1', 'p');
    expect(lanes.reserve(a, 'p')).toBe('SERVER');
    held(lanes.reserve('program', 'p')).release();
    first.release();
    first.release();
    held(lanes.reserve(b, 'p'));
  });

  test('of a driver that has ended count until their last job has', async () => {
    const a = handle();
    const line = lanes.of(a);
    line.enqueue('a-1', 'p');
    lanes.close(a);
    expect(admission.load).toEqual({ running: 1, queued: 0 });
    const idle = lanes.driversIdle();
    line.done('a-1');
    await idle;
    expect(admission.load).toEqual({ running: 0, queued: 0 });
  });

  test('keep their order for what comes back or had to wait for its turn', () => {
    const line = lanes.of(handle());
    line.enqueue('first', 'p', 'context');
    line.enqueue('second', 'p', 'context');
    enqueue(line, 'p', 'third');
    expect(line.waitingFor('second')).toBe('CONTEXT');
    line.putBack('first');
    expect(launched).toEqual(['first', 'first']);
    line.done('first');
    line.done('second');
    expect(launched.slice(2)).toEqual(['second', 'third']);
  });

  test('say how long each job has stood', async () => {
    const line = lanes.of(handle());
    enqueue(line, 'p', 'first', 'second');
    await clock.advance(1500);
    line.done('first');
    expect(waits).toEqual([
      ['p', 0],
      ['p', 1500],
    ]);
  });
});

describe('places on the whole server', () => {
  test('of a pool hold over all lines, and one that gets free starts a job of another line', () => {
    begin({ maxRunning: 10 });
    quotas.set('p', { maxRunning: 2, maxQueued: null });
    const [a, b] = [lanes.of(handle()), lanes.of(handle())];
    enqueue(a, 'p', 'a-1', 'a-2');
    enqueue(b, 'p', 'b-1');
    enqueue(lanes.programs, 'p', 'program');
    lanes.programs.setReady(true);
    expect(launched).toEqual(['a-1', 'a-2']);
    expect([b.waitingFor('b-1'), lanes.programs.waitingFor('program')]).toEqual(['POOL', 'POOL']);
    a.done('a-1');
    expect(launched.at(-1)).toBe('b-1');
    a.done('a-2');
    expect(launched.at(-1)).toBe('program');
    // Others are not concerned.
    enqueue(b, 'q', 'b-2');
    expect(launched.at(-1)).toBe('b-2');
  });

  test('of the server are shared by drivers and programs', () => {
    begin({ maxRunning: 10, total: 3 });
    const [a, b] = [lanes.of(handle()), lanes.of(handle())];
    lanes.programs.setReady(true);
    enqueue(lanes.programs, 'p', 'program');
    enqueue(a, 'p', 'a-1', 'a-2', 'a-3');
    enqueue(b, 'q', 'b-1');
    expect(launched).toEqual(['program', 'a-1', 'a-2']);
    lanes.programs.done('program');
    expect(launched.at(-1)).toBe('a-3');
    a.done('a-1');
    expect(launched.at(-1)).toBe('b-1');
  });

  test('are not all for one pool', () => {
    begin({ maxRunning: 10, total: 4, totalShare: 0.75 });
    const [a, b] = [lanes.of(handle()), lanes.of(handle())];
    enqueue(a, 'flood', 'f-1', 'f-2');
    enqueue(b, 'flood', 'f-3', 'f-4');
    enqueue(b, 'q', 'short');
    expect(launched).toEqual(['f-1', 'f-2', 'f-3', 'short']);
  });

  test('go round the pools, and within a pool to the oldest that can start', () => {
    begin({ maxRunning: 10, total: 1 });
    const [a, b, asleep] = [lanes.of(handle()), lanes.of(handle()), handle(false)];
    enqueue(lanes.of(asleep), 'p', 'p-asleep');
    enqueue(b, 'r', 'running');
    enqueue(b, 'p', 'p-1');
    enqueue(a, 'p', 'p-2', 'p-3');
    enqueue(a, 'q', 'q-1', 'q-2', 'q-3');
    const order = [];
    for (let job = 'running'; order.length < 6; job = launched.at(-1) as string) {
      a.done(job);
      b.done(job);
      order.push(launched.at(-1));
    }
    expect(order).toEqual(['p-1', 'q-1', 'p-2', 'q-2', 'p-3', 'q-3']);
    asleep.driver.ready();
    a.done('q-3');
    expect(launched.at(-1)).toBe('p-asleep');
  });

  test('starve no pool, however many jobs the others bring', () => {
    begin({ maxRunning: 4, total: 4, totalShare: 0.75, maxQueued: 10_000, poolShare: 0.75 });
    const line = lanes.of(handle());
    for (let n = 0; n < 500; n += 1) {
      enqueue(line, 'flood', `flood-${n}`);
      enqueue(line, 'other', `other-${n}`);
    }
    enqueue(line, 'one', 'one');
    const before = launched.length;
    for (let n = 0; !launched.includes('one'); n += 1) line.done(launched[n] as string);
    expect(launched.length - before).toBeLessThanOrEqual(3);
    // And no job overtakes an older one of its pool.
    for (let n = 0; n < launched.length; n += 1) line.done(launched[n] as string);
    const flood = launched.filter((job) => job.startsWith('flood'));
    expect(flood).toEqual(Array.from({ length: 500 }, (_, n) => `flood-${n}`));
    expect(admission.load).toEqual({ running: 0, queued: 0 });
  });

  test('are taken by programs of a former server even where there are none left', () => {
    begin({ total: 1 });
    lanes.programs.occupy('adopted', 'p');
    lanes.programs.occupy('another', 'p');
    expect(admission.load).toEqual({ running: 2, queued: 0 });
    const line = lanes.of(handle());
    enqueue(line, 'q', 'waits');
    expect([launched, line.waitingFor('waits')]).toEqual([[], 'POOL']);
    lanes.programs.done('adopted');
    expect(launched).toEqual([]);
    lanes.programs.done('another');
    expect(launched).toEqual(['waits']);
  });

  test('that a change brings are used at once, and none is taken back', () => {
    begin({ maxRunning: 10 });
    quotas.set('p', { maxRunning: 1, maxQueued: null });
    const line = lanes.of(handle());
    enqueue(line, 'p', 'one', 'two', 'three');
    quotas.set('p', { maxRunning: 3, maxQueued: null });
    lanes.pump();
    expect(launched).toEqual(['one', 'two', 'three']);
    quotas.set('p', { maxRunning: 1, maxQueued: null });
    lanes.pump();
    enqueue(line, 'p', 'four');
    line.done('one');
    line.done('two');
    expect(launched).toHaveLength(3);
    line.done('three');
    expect(launched.at(-1)).toBe('four');
  });
});

describe('room to wait', () => {
  test('in a pool is over all lines and for what is on its way too', () => {
    begin({ maxRunning: 10, maxQueued: 10 });
    quotas.set('p', { maxRunning: 1, maxQueued: 2 });
    const [a, b] = [handle(), handle()];
    const starts = held(lanes.reserve(a, 'p'));
    const waiting = held(lanes.reserve(b, 'p'));
    held(lanes.reserve('program', 'p'));
    expect([lanes.reserve(a, 'p'), lanes.reserve(null, 'p')]).toEqual(['POOL', 'POOL']);
    held(lanes.reserve(a, 'q')).release();
    expect(admission.expectedIn('p')).toBe(3);
    starts.release();
    lanes.of(a).enqueue('a-1', 'p');
    waiting.release();
    lanes.of(b).enqueue('b-1', 'p');
    expect(admission.loadOf('p')).toEqual({ running: 1, queued: 1 });
    expect(admission.expectedIn('p')).toBe(1);
    expect(lanes.reserve(a, 'p')).toBe('POOL');
    lanes.of(a).done('a-1');
    held(lanes.reserve(a, 'p'));
  });

  test('is not needed by what could run at once, but one place is not for two', () => {
    begin({ maxRunning: 1, maxQueued: 0, total: 2, maxPrograms: 5 });
    const a = handle();
    const first = held(lanes.reserve(a, 'p'));
    expect(lanes.reserve(a, 'q')).toBe('SERVER');
    lanes.programs.setReady(true);
    held(lanes.reserve('program', 'p'));
    expect(lanes.reserve('program', 'p')).toBe('SERVER');
    first.release();
    held(lanes.reserve(a, 'q'));
  });

  test('is needed by what has to wait for its turn, though there are places', () => {
    begin({ maxRunning: 10, maxQueued: 1 });
    const a = handle();
    lanes.of(a).enqueue('one', 'p', 'context');
    held(lanes.reserve(a, 'p', 'context')).release();
    lanes.of(a).enqueue('two', 'p', 'context');
    expect(lanes.reserve(a, 'p', 'context')).toBe('SERVER');
    held(lanes.reserve(a, 'p', 'another')).release();
    expect(admission.loadOf('p')).toEqual({ running: 1, queued: 1 });
  });
});

describe('an executor that this server does not have', () => {
  test('ends its jobs, and says so', () => {
    const executors = new Executors([new HandExecutor()]);
    const job = aJob({ executor: 'kubernetes' as never });
    const heard: unknown[] = [];
    const executor = executors.of(job);
    executor.start({ job } as never, { ended: (outcome: unknown) => heard.push(outcome) } as never);
    executor.cancel(job.id);
    expect(heard).toMatchObject([{ state: 'FAILED', error: { code: 'INTERNAL' } }]);
    expect(executors.survives(job)).toBe(false);
  });
});

describe('the memory for driver processes', () => {
  const GIB = 2 ** 30;
  test('is what is configured', () => {
    expect(driverMemory(3 * GIB, 64 * GIB, 2 * GIB)).toBe(3 * GIB);
  });
  test('or what the machine has, less the server and a reserve', () => {
    expect(driverMemory(null, 80 * GIB, 2 * GIB)).toBe(69.5 * GIB);
    expect(driverMemory(null, 8 * GIB, 2 * GIB)).toBe(4.5 * GIB);
    expect(driverMemory(null, 2 * GIB, 2 * GIB)).toBe(0);
  });
});
