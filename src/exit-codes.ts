/** How the server ends, for whoever starts it; `bin/lib/supervise.sh` knows them too. */
export const EXIT = {
  ordered: 0,
  /** Something failed that another start may mend. */
  failed: 1,
  /** The driver died or hangs, and the server with it. */
  driverLost: 70,
  /** Configuration, port or data directory: starting again does not help. */
  mendFirst: 78,
} as const;
