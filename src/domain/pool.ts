export const SCHEDULING_MODES = ['FAIR', 'FIFO'] as const;
export type SchedulingMode = (typeof SCHEDULING_MODES)[number];

/** What Spark knows of a pool. It gets every weight times 100: it reads whole numbers only. */
export interface FairPool {
  readonly name: string;
  readonly schedulingMode: SchedulingMode;
  readonly weight: number;
  readonly minShare: number;
}

/** A pool as users see it, with quotas of the server; null where there is none. */
export interface Pool extends FairPool {
  readonly maxRunning: number | null;
  readonly maxQueued: number | null;
}

/** Where the definition in force stands: in `fairscheduler.xml`, or in the store. */
export const POOL_SOURCES = ['FILE', 'API'] as const;
export type PoolSource = (typeof POOL_SOURCES)[number];

export interface DefinedPool extends Pool {
  readonly source: PoolSource;
}

export const DEFAULT_POOL = 'default';

/** Each is looked at when a place gets free, and is a label of the metrics. */
export const MOST_POOLS = 200;

export const WEIGHT_LIMIT = 1_000_000;
export const MIN_SHARE_LIMIT = 1_000_000;
export const QUOTA_LIMIT = 10_000_000;

export const WEIGHT_RULE = `a number above 0 and below ${WEIGHT_LIMIT} with two decimal places at most`;

/** Two places are what Spark can be told. */
export const isWeight = (value: number): boolean =>
  value > 0 && value < WEIGHT_LIMIT && Number(value.toFixed(2)) === value;
