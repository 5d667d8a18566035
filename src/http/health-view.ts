import { z } from 'zod';
import type { ComponentHealth, HealthUseCases } from './services.ts';

export const statusSchema = z.enum(['UP', 'DOWN']);

const componentSchema = z.object({
  status: statusSchema,
  details: z.record(z.string(), z.unknown()).optional(),
});

export const healthSchema = z
  .object({
    status: statusSchema,
    components: z
      .record(z.string(), componentSchema)
      .optional()
      .describe('Left out for callers without a token.'),
  })
  .meta({ id: 'Health' });

export type HealthBody = z.infer<typeof healthSchema>;

export const readHealth = async (health: HealthUseCases) => {
  const components: Readonly<Record<string, ComponentHealth>> = await health.components();
  const up = Object.values(components).every(({ status }) => status === 'UP');
  return { status: up ? ('UP' as const) : ('DOWN' as const), components };
};

export const componentsView = (
  components: Readonly<Record<string, ComponentHealth>>,
): NonNullable<HealthBody['components']> =>
  Object.fromEntries(
    Object.entries(components).map(([name, { status, details }]) => [
      name,
      Object.keys(details).length === 0 ? { status } : { status, details },
    ]),
  );

export const HEALTH_EXAMPLE: HealthBody = {
  status: 'UP',
  components: {
    diskSpace: { status: 'UP', details: { freeBytes: 53687091200 } },
    ping: { status: 'UP' },
    spark: { status: 'UP', details: { version: '4.0.1' } },
    store: { status: 'UP', details: { bytes: 409600 } },
  },
};

export const DOWN_EXAMPLE: HealthBody = {
  status: 'DOWN',
  components: {
    ping: { status: 'UP' },
    spark: { status: 'DOWN', details: { reason: 'the driver is starting' } },
  },
};
