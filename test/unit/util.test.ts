import { describe, expect, test, vi } from 'vitest';
import { backoffDelay, repeatUntilDone } from '../../src/util/backoff.ts';
import { systemClock, within } from '../../src/util/clock.ts';
import { canonicalJson, keyedHash } from '../../src/util/keyed-hash.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe('the clock', () => {
  test('waits longer than setTimeout can', () => {
    vi.useFakeTimers();
    try {
      let called = 0;
      const days = 24 * 3600 * 1000;
      systemClock.after(60 * days, () => {
        called += 1;
      });
      vi.advanceTimersByTime(60 * days - 1);
      expect(called).toBe(0);
      vi.advanceTimersByTime(1);
      expect(called).toBe(1);
      const timer = systemClock.after(60 * days, () => {
        called += 1;
      });
      vi.advanceTimersByTime(30 * days);
      timer.cancel();
      vi.advanceTimersByTime(60 * days);
      expect(called).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test('limits a promise, and leaves no timer', async () => {
    const clock = new FakeClock();
    expect(await within(clock, 10, Promise.resolve(1), 2)).toBe(1);
    expect(clock.timers).toBe(0);
    const late = within(clock, 10, new Promise<number>(() => {}), 2);
    await clock.advance(10);
    expect(await late).toBe(2);
  });
});

describe('backoff', () => {
  const backoff = { firstMs: 100, maxMs: 1000 };

  test('doubles up to its limit', () => {
    expect([1, 2, 3, 4, 5, 500].map((n) => backoffDelay(backoff, n))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ]);
  });

  test('repeats until it is done', async () => {
    const clock = new FakeClock();
    const faults: number[] = [];
    let calls = 0;
    const done = repeatUntilDone(
      async () => {
        calls += 1;
        if (calls < 4) throw new Error('not yet');
        return 'done';
      },
      {
        ...backoff,
        clock,
        signal: new AbortController().signal,
        onFault: (_error, repetition) => faults.push(repetition),
      },
    );
    await clock.advance(699);
    expect(calls).toBe(3);
    await clock.advance(1);
    expect(await done).toBe('done');
    expect(faults).toEqual([1, 2, 3]);
  });

  test('gives up when it is told to, in the middle of a pause', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const never = repeatUntilDone(
      async () => {
        throw new Error('never');
      },
      { ...backoff, clock, signal: stop.signal, onFault: () => {} },
    );
    const fault = expect(never).rejects.toThrow('never');
    await clock.advance(50);
    stop.abort();
    await fault;
    expect(clock.timers).toBe(0);
  });
});

describe('keyed hashes', () => {
  const key = Buffer.from('key');

  test('do not depend on the order of keys, and do on everything else', () => {
    const hash = (value: unknown) => keyedHash(key, value);
    expect(hash({ a: 1, b: { c: [1, 2], d: null } })).toBe(
      hash({ b: { d: null, c: [1, 2] }, a: 1, e: undefined }),
    );
    const others = [{ a: 1 }, { a: '1' }, { a: [1] }, { a: null }, {}, [1], 1, '1', null, 'null'];
    expect(new Set(others.map(hash)).size).toBe(others.length);
    expect(hash({ a: 1 })).not.toBe(keyedHash(Buffer.from('other'), { a: 1 }));
  });

  test('canonical text is JSON', () => {
    const value = { z: 'ä"\n', a: [{ b: true }, null, 1.5] };
    expect(JSON.parse(canonicalJson(value))).toEqual(value);
  });
});
