import type { PortSlots } from '../../processes/port-slots.ts';
import type { SparkSurroundings } from '../../processes/spark-environment.ts';
import type { UserIds } from '../../processes/user-ids.ts';
import type { Clock } from '../../util/clock.ts';
import type { Log } from '../../util/log.ts';
import type { DriverConfig } from '../driver.ts';
import type { HeartbeatTimes } from '../heartbeat.ts';

export interface ChildOptions extends SparkSurroundings {
  /** Holds a folder for each child, as long as it lives. */
  readonly driversDir: string;
  /** Where uploaded files lie. */
  readonly filesDir: string;
  /** Each child gets one of them; null where they all have the server's own. */
  readonly users: UserIds | null;
  /** The server's own settings, complete but for the Python. */
  readonly sparkConf: Readonly<Record<string, string>>;
  /** Where class data for children belongs, made or not; null where there is none. */
  readonly archive: string | null;
  /** What the embedded driver would start with; asked when a child is started. */
  readonly config: () => Promise<DriverConfig>;
  /** Shared with all who start drivers on this machine. */
  readonly ports: PortSlots;
  readonly startTimeoutMs: number;
  /** What is kept of the output of a child. */
  readonly maxLogBytes: number;
  readonly logLevel: string;
  /** What no heap may pass. */
  readonly machineBytes: number;
  readonly heartbeat: HeartbeatTimes;
  /** How long a child may take to stop when it is asked, and when it is told by a signal. */
  readonly stop: { readonly askMs: number; readonly terminateMs: number };
  readonly clock: Clock;
  readonly log: Log;
}

export const STOP_TIMES = { askMs: 2200, terminateMs: 500 } as const;
