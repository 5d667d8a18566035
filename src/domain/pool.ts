export const SCHEDULING_MODES = ['FAIR', 'FIFO'] as const;
export type SchedulingMode = (typeof SCHEDULING_MODES)[number];

/** A FAIR pool as users see it. Spark itself gets every weight times 100: it reads whole numbers only. */
export interface Pool {
  readonly name: string;
  readonly schedulingMode: SchedulingMode;
  readonly weight: number;
  readonly minShare: number;
}

export const DEFAULT_POOL = 'default';
