import { Counter, Gauge, type Registry } from 'prom-client';

/** A pool as it is at a scrape. */
export interface PoolSource {
  readonly name: string;
  readonly weight: number;
  readonly minShare: number;
  readonly maxRunning: number | null;
  readonly maxQueued: number | null;
  readonly running: number;
  readonly queued: number;
  readonly slotsInUse: number;
  readonly shareReached: number | null;
  readonly taskSeconds: number;
}

/** Metrics of the pools; how long their jobs wait is in `libra_job_wait_seconds`. */
export const declarePoolMetrics = (
  registry: Registry,
  ask: () => Promise<readonly PoolSource[] | null>,
): void => {
  const registers = [registry];
  const labelNames = ['pool'] as const;
  // A scrape collects all metrics at once: they share an answer.
  let asked: ReturnType<typeof ask> | null = null;
  const read = () => {
    asked ??= ask().finally(() => {
      asked = null;
    });
    return asked;
  };
  const gauge = (name: string, help: string, of: (pool: PoolSource) => number | null) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      async collect() {
        const pools = await read();
        this.reset();
        for (const pool of pools ?? []) {
          const value = of(pool);
          if (value !== null) this.set({ pool: pool.name }, value);
        }
      },
    });
  gauge('libra_jobs_queued', 'Jobs that wait, by pool.', ({ queued }) => queued);
  gauge('libra_jobs_running', 'Jobs that run, by pool.', ({ running }) => running);
  gauge('libra_pool_slots', 'Spark tasks of the pool that run.', ({ slotsInUse }) => slotsInUse);
  gauge(
    'libra_pool_share',
    'Part of the pool in all task time of the last minute; missing when no task has run.',
    ({ shareReached }) => shareReached,
  );
  gauge('libra_pool_weight', 'Weight of the pool.', ({ weight }) => weight);
  gauge('libra_pool_min_share', 'Slots that the pool gets first.', ({ minShare }) => minShare);
  gauge('libra_pool_max_running', 'Limit of running jobs.', ({ maxRunning }) => maxRunning);
  gauge('libra_pool_max_queued', 'Limit of waiting jobs.', ({ maxQueued }) => maxQueued);
  new Counter({
    name: 'libra_pool_task_seconds_total',
    help: 'Time that Spark tasks of the pool have taken, running ones included.',
    labelNames,
    registers,
    async collect() {
      const pools = await read();
      this.reset();
      // Counted where the drivers are asked; what is said replaces what was there.
      for (const { name, taskSeconds } of pools ?? []) this.inc({ pool: name }, taskSeconds);
    },
  });
};
