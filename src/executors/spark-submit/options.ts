import type { Pool } from '../../domain/pool.ts';
import type { Clock } from '../../util/clock.ts';
import type { Log } from '../../util/log.ts';

export interface SparkSubmitOptions {
  /** Holds a folder for each attempt; survives the server. */
  readonly workDir: string;
  /** Where `bin/lib`, `config`, `python` and the driver host's jar lie. */
  readonly projectRoot: string;
  readonly sparkHome: string;
  /**
   * spark-defaults.conf and the server's own settings in one, with `spark.master` and the Python of
   * driver and workers; asked when a program is started.
   */
  readonly sparkConf: () => Promise<Readonly<Record<string, string>>>;
  /** The address that Spark binds to (SPARK_LOCAL_IP); null leaves it to Spark. */
  readonly localIp: string | null;
  readonly portRange: { readonly first: number; readonly last: number };
  readonly killGraceMs: number;
  readonly redactionPattern: string;
  /** Variables of the server that programs see as well; everything else is ours alone. */
  readonly environment: {
    readonly javaHome: string | null;
    readonly hadoopConfDir: string | null;
    readonly yarnConfDir: string | null;
    readonly sparkConfDir: string | null;
    readonly path: string | null;
    readonly home: string | null;
  };
  readonly pools: () => readonly Pool[];
  readonly clock: Clock;
  readonly log: Log;
}
