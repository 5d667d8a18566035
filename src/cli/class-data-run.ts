import { join } from 'node:path';
import type { LibraConfig } from '../config/schema.ts';
import type { DriverConfig, DriverJob } from '../drivers/driver.ts';

/** What loads the classes that most statements need. */
const STATEMENTS = [
  'SELECT 1 AS a, current_timestamp() AS b',
  'SELECT id % 7 AS k, count(*) AS n, max(concat("x", id)) AS m FROM range(100000) GROUP BY 1 ORDER BY 1',
  'CREATE TABLE class_data USING parquet AS SELECT id, array(id) AS a, map("k", id) AS m FROM range(10)',
  'SELECT a.id, b.a FROM class_data a JOIN class_data b USING (id) WHERE a.id > 3 LIMIT 5',
  'SHOW TABLES',
  'DROP TABLE class_data',
] as const;

/** Which master runs the tasks makes no difference to the classes of the driver. */
export const MASTER = 'local[2]';

/** The server's configuration on ports that nobody else wants. */
export const besideTheServer = (config: LibraConfig): LibraConfig => ({
  ...config,
  spark: {
    ...config.spark,
    master: MASTER,
    config: { ...config.spark.config, 'spark.driver.port': '0', 'spark.ui.port': '0' },
  },
});

export const configOf = (sparkConf: DriverConfig['sparkConf']): DriverConfig => ({
  sparkConf,
  pools: [],
  sqlPolicy: {
    allowReflection: false,
    allowTransform: false,
    allowAddResources: false,
    allowLocalPaths: false,
    allowedRoots: [],
  },
  python: null,
});

/** Their results go below the folder. */
export const jobsIn = (folder: string): readonly DriverJob[] =>
  STATEMENTS.map((code, number) => ({
    jobId: `class-data-${number}`,
    kind: 'sql',
    sessionId: 'default',
    code,
    parameters: [],
    filePath: null,
    mainClass: null,
    args: [],
    context: null,
    settings: {},
    pool: 'default',
    description: 'class data',
    rowLimit: 100,
    maxResultBytes: 1 << 20,
    maxLogBytes: 1 << 20,
    onOverflow: 'TRUNCATE',
    resultDir: join(folder, String(number)),
  }));
