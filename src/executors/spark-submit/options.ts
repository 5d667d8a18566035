import type { FairPool } from '../../domain/pool.ts';
import type { PortSlots } from '../../processes/port-slots.ts';
import type { SparkSurroundings } from '../../processes/spark-environment.ts';
import type { Clock } from '../../util/clock.ts';
import type { Log } from '../../util/log.ts';

export interface SparkSubmitOptions extends SparkSurroundings {
  /** Holds a folder for each attempt; survives the server. */
  readonly workDir: string;
  /**
   * spark-defaults.conf and the server's own settings in one, with `spark.master` and the Python of
   * driver and workers; asked when a program is started.
   */
  readonly sparkConf: () => Promise<Readonly<Record<string, string>>>;
  /** Shared with all who start drivers on this machine. */
  readonly ports: PortSlots;
  readonly killGraceMs: number;
  readonly redactionPattern: string;
  readonly pools: () => readonly FairPool[];
  readonly clock: Clock;
  readonly log: Log;
}
