import { z } from 'zod';
import { POOL_SOURCES, SCHEDULING_MODES } from '../domain/pool.ts';
import type { PoolView } from './services.ts';

export const poolSchema = z
  .object({
    name: z.string(),
    schedulingMode: z.enum(SCHEDULING_MODES),
    weight: z.number(),
    minShare: z.int(),
    maxRunning: z.int().nullable().describe('How many jobs of it run at a time on this server.'),
    maxQueued: z.int().nullable().describe('How many jobs of it may wait.'),
    source: z
      .enum(POOL_SOURCES)
      .describe('FILE: as in fairscheduler.xml. API: made or changed by a call, and kept.'),
    running: z.int().describe('Jobs that run in it now.'),
    queued: z.int().describe('Jobs that wait for it now.'),
    slotsInUse: z.int().describe('Its Spark tasks that run now, on all drivers of this server.'),
    shareReached: z
      .number()
      .nullable()
      .describe('Its part of all task time of the last minute; null when no task has run.'),
    waitMs: z
      .object({ p50: z.number().nullable(), p95: z.number().nullable() })
      .describe('How long its jobs stood in line that have started within five minutes.'),
  })
  .meta({ id: 'Pool' });

export const poolView = (pool: PoolView): z.infer<typeof poolSchema> => ({
  name: pool.name,
  schedulingMode: pool.schedulingMode,
  weight: pool.weight,
  minShare: pool.minShare,
  maxRunning: pool.maxRunning,
  maxQueued: pool.maxQueued,
  source: pool.source,
  running: pool.running,
  queued: pool.queued,
  slotsInUse: pool.slotsInUse,
  shareReached: pool.shareReached === null ? null : Number(pool.shareReached.toFixed(4)),
  waitMs: { p50: pool.waitMs.p50, p95: pool.waitMs.p95 },
});

export const POOL_EXAMPLE: z.infer<typeof poolSchema> = {
  name: 'interactive',
  schedulingMode: 'FIFO',
  weight: 2,
  minShare: 2,
  maxRunning: null,
  maxQueued: 500,
  source: 'API',
  running: 1,
  queued: 0,
  slotsInUse: 3,
  shareReached: 0.4211,
  waitMs: { p50: 0, p95: 4 },
};
