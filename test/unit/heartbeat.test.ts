import { beforeEach, describe, expect, it } from 'vitest';
import { Heartbeat } from '../../src/drivers/heartbeat.ts';
import { FakeClock } from '../support/fake-clock.ts';

const S = 1000;

describe('the heartbeat of a child', () => {
  let clock: FakeClock;
  let heardAt: number;
  let blockedSince: number | null;
  let pings: number;
  let answers: boolean;
  let hangs: string[];
  let beat: Heartbeat;

  beforeEach(() => {
    clock = new FakeClock();
    heardAt = clock.now();
    blockedSince = null;
    pings = 0;
    answers = true;
    hangs = [];
    beat = new Heartbeat({
      clock,
      intervalMs: 5 * S,
      silenceMs: 20 * S,
      ping: () => {
        pings += 1;
        if (!answers) return new Promise(() => {});
        heardAt = clock.now();
        return Promise.resolve();
      },
      heardAt: () => heardAt,
      blockedSince: () => blockedSince,
      onHang: (fault) => hangs.push(fault),
    });
  });

  it('asks every five seconds for as long as it is answered', async () => {
    await clock.advance(300 * S);
    expect(pings).toBe(60);
    expect(hangs).toEqual([]);
  });

  it('finds a child that falls silent within 30 seconds, and says so once', async () => {
    await clock.advance(7 * S);
    answers = false;
    await clock.advance(25 * S);
    expect(hangs).toEqual(['did not answer for 20 s']);
    await clock.advance(100 * S);
    expect(hangs).toHaveLength(1);
    // What nobody answers is not asked again.
    expect(pings).toBe(2);
    expect(clock.timers).toBe(0);
  });

  it('takes everything that is said for a sign of life', async () => {
    answers = false;
    for (let second = 0; second < 120; second += 1) {
      await clock.advance(S);
      heardAt = clock.now();
    }
    expect(hangs).toEqual([]);
  });

  it('finds a child that speaks and does not read', async () => {
    blockedSince = clock.now();
    answers = false;
    for (let second = 0; second < 25; second += 1) {
      await clock.advance(S);
      heardAt = clock.now();
    }
    expect(hangs).toEqual(['read nothing for 20 s']);
  });

  it('does not blame a child for what the server slept through', async () => {
    await clock.advance(5 * S);
    clock.sleepFor(3600 * S);
    await clock.advance(10 * S);
    expect(hangs).toEqual([]);
    answers = false;
    await clock.advance(30 * S);
    expect(hangs).toHaveLength(1);
  });

  it('ends with its child', async () => {
    beat.stop();
    await clock.advance(60 * S);
    expect([pings, clock.timers]).toEqual([0, 0]);
  });
});
