import { z } from 'zod';
import { SCHEDULING_MODES } from '../domain/pool.ts';
import type { PoolView } from './services.ts';

export const poolSchema = z
  .object({
    name: z.string(),
    schedulingMode: z.enum(SCHEDULING_MODES),
    weight: z.number(),
    minShare: z.int(),
    running: z.int().describe('Jobs that run in it now.'),
    queued: z.int().describe('Jobs that wait for it now.'),
  })
  .meta({ id: 'Pool' });

export const poolView = (pool: PoolView): z.infer<typeof poolSchema> => ({
  name: pool.name,
  schedulingMode: pool.schedulingMode,
  weight: pool.weight,
  minShare: pool.minShare,
  running: pool.running,
  queued: pool.queued,
});

export const POOL_EXAMPLE: z.infer<typeof poolSchema> = {
  name: 'interactive',
  schedulingMode: 'FIFO',
  weight: 2,
  minShare: 2,
  running: 1,
  queued: 0,
};
