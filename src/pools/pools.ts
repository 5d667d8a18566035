import type { Pool } from '../domain/pool.ts';
import type { DriverHandle } from '../sessions/driver-handle.ts';
import type { PoolStore } from '../store/store.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { Admission } from './admission.ts';
import { PoolBroadcast } from './pool-broadcast.ts';
import { PoolRegistry } from './pool-registry.ts';
import { PoolService } from './pool-service.ts';
import { PoolUsage } from './pool-usage.ts';
import { PoolWaits } from './pool-waits.ts';

export interface PoolsOptions {
  /** Those of `fairscheduler.xml`. */
  readonly file: readonly Pool[];
  readonly store: PoolStore;
  /** All drivers that are there to stay, whether they answer or not. */
  readonly drivers: () => readonly DriverHandle[];
  /** How many jobs run on the whole server at a time. */
  readonly maxRunning: number;
  readonly poolShare: number;
  /** How many jobs of the pool are held in memory: they have not ended. */
  readonly activeIn: (pool: string) => number;
  readonly clock: Clock;
  readonly log: Log;
  readonly requireOpen: () => void;
}

export interface Pools {
  readonly registry: PoolRegistry;
  readonly admission: Admission;
  readonly service: PoolService;
  /** A job has its place, after so long in line. */
  waited(pool: string, ms: number): void;
}

/** Puts the parts of the pools together. */
export const createPools = (options: PoolsOptions): Pools => {
  const { drivers, clock, log } = options;
  const registry = new PoolRegistry(options.file);
  const admission = new Admission({
    quotasOf: (pool) => registry.get(pool),
    maxRunning: options.maxRunning,
    poolShare: options.poolShare,
  });
  const waits = new PoolWaits(clock);
  const usage = new PoolUsage({ drivers, isBusy: () => admission.load.running > 0, clock });
  const broadcast = new PoolBroadcast({
    drivers: () => drivers().map(({ driver }) => driver),
    clock,
    log,
  });
  registry.onChange((pools) => {
    const names = new Set(registry.names());
    waits.keep(names);
    usage.keep(names);
    broadcast.tell(pools);
  });
  const service = new PoolService({
    registry,
    store: options.store,
    broadcast,
    usage,
    waits,
    loadOf: (pool) => admission.loadOf(pool),
    workOf: (pool) => options.activeIn(pool) + admission.expectedIn(pool),
    clock,
    log,
    requireOpen: options.requireOpen,
  });
  return {
    registry,
    admission,
    service,
    waited(pool, ms) {
      waits.record(pool, ms);
      usage.watch();
    },
  };
};
