import { beforeEach, describe, expect, test } from 'vitest';
import { driverMemory } from '../../src/driver-memory.ts';
import { Executors } from '../../src/jobs/executors.ts';
import { Lanes } from '../../src/jobs/lanes.ts';
import { DriverGate } from '../../src/sessions/driver-gate.ts';
import type { DriverHandle } from '../../src/sessions/driver-handle.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { HandDriver } from '../support/hand-driver.ts';
import { HandExecutor } from '../support/hand-executor.ts';
import { aJob } from '../support/http-services.ts';

interface Hand extends DriverHandle {
  readonly driver: HandDriver;
}
const handle = (): Hand => {
  const driver = new HandDriver();
  return { driver, gate: new DriverGate(driver, new FakeClock()) };
};

let launched: string[];
let lanes: Lanes;
beforeEach(() => {
  launched = [];
  lanes = new Lanes({
    maxRunning: 1,
    maxPrograms: 1,
    maxQueued: 2,
    poolShare: 1,
    launch: (_line, jobId) => launched.push(jobId),
  });
});

describe('the lines of jobs', () => {
  test('move each with its own driver', () => {
    const [a, b] = [handle(), handle()];
    lanes.of(a).enqueue('a-1', 'p');
    lanes.of(b).enqueue('b-1', 'p');
    b.driver.ready();
    expect(launched).toEqual(['b-1']);
    expect(lanes.of(a).waitingFor('a-1')).toBe('DRIVER');
    a.driver.ready();
    expect(launched).toEqual(['b-1', 'a-1']);
    a.driver.lose();
    expect(lanes.of(a).nextWaitsFor('p')).toBe('DRIVER');
    expect(lanes.load).toEqual({ running: 2, queued: 0 });
    expect(lanes.loadOf('p')).toEqual({ running: 2, queued: 0 });
  });

  test('stand still together, also those that come meanwhile', () => {
    const [a, late] = [handle(), handle()];
    a.driver.ready();
    late.driver.ready();
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
    const [a, b] = [handle(), handle()];
    a.driver.ready();
    lanes.of(b).enqueue('b-1', 'p');
    const held = lanes.reserve(null, 'p');
    expect(held).not.toBe(null);
    expect(lanes.reserve(b, 'p')).toBe(null);
    expect(lanes.reserve(null, 'p')).toBe(null);
    // The free place of the other driver is no use to those that wait.
    lanes.reserve(a, 'p')?.release();
    lanes.of(a).enqueue('a-1', 'p');
    expect(lanes.reserve(a, 'p')).toBe(null);
    expect(lanes.reserve('program', 'p')).not.toBe(null);
    held?.release();
    held?.release();
    expect(lanes.reserve(b, 'p')).not.toBe(null);
  });

  test('of a driver that has ended counts until its last job has', async () => {
    const a = handle();
    a.driver.ready();
    const line = lanes.of(a);
    line.enqueue('a-1', 'p');
    lanes.close(a);
    expect(lanes.load).toEqual({ running: 1, queued: 0 });
    const idle = lanes.driversIdle();
    line.done('a-1');
    await idle;
    expect(lanes.load).toEqual({ running: 0, queued: 0 });
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
