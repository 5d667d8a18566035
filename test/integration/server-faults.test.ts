import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FAULTS, FaultRun } from '../support/faults.ts';

// Whole clusters start and end here, again and again, where processors are few.
vi.setConfig({ testTimeout: 700_000, hookTimeout: 600_000 });

/** `npm run bench:faults` has more of them, in a random order, and measures. */
describe('under a load of mixed jobs', () => {
  let run: FaultRun;
  beforeAll(async () => {
    run = await FaultRun.start();
  });
  afterAll(() => run?.close());

  it.each(FAULTS)(
    '%s: a job is answered again, and nothing is left of what was hit',
    async (kind) => {
      const recovery = await run.suffer(kind, () => 0);
      expect(Object.values(recovery).every(Number.isFinite)).toBe(true);
    },
  );

  it('no job is missing, in a false state, or has run twice, and nothing is left', async () => {
    const { wrong, ends, jobs } = await run.finish();
    expect(wrong).toEqual([]);
    expect(jobs).toBeGreaterThan(FAULTS.length);
    expect([...ends.values()].reduce((sum, n) => sum + n, 0)).toBe(jobs);
    for (const state of ['SUCCESS', 'FAILED', 'LOST']) expect(ends.get(state)).toBeGreaterThan(0);
  });
});
