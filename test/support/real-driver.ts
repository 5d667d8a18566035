import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { JobError } from '../../src/domain/job.ts';
import type { Column, ResultSummary } from '../../src/domain/result.ts';
import type { DriverConfig, DriverInfo, DriverJob } from '../../src/drivers/driver.ts';
import { GuardedDriver } from '../../src/drivers/guarded-driver.ts';
import { inProcessDriver } from '../../src/drivers/in-process/in-process-driver.ts';
import { MODULE_OPTIONS } from '../../src/drivers/in-process/module-options.ts';
import { pysparkPath } from '../../src/drivers/pyspark-path.ts';
import { sparkHome } from './spark-home.ts';

/** A real driver for the tests of one process: the JVM loads once and never unloads. */
export interface RealDriver {
  readonly driver: GuardedDriver;
  readonly info: DriverInfo;
  readonly folder: string;
  /** Of the process that it lives in, now. */
  readonly pid: () => number;
}

export const CONFIG: DriverConfig = {
  sparkConf: {
    'spark.master': 'local[2]',
    'spark.app.name': 'libra-tests',
    'spark.ui.enabled': 'false',
    'spark.driver.host': '127.0.0.1',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.sql.session.timeZone': 'Europe/Berlin',
    'spark.sql.shuffle.partitions': '4',
  },
  pools: [
    { name: 'default', schedulingMode: 'FAIR', weight: 1, minShare: 2 },
    { name: 'low-priority', schedulingMode: 'FAIR', weight: 0.5, minShare: 1 },
  ],
  sqlPolicy: {
    allowReflection: true,
    allowTransform: false,
    allowAddResources: false,
    allowLocalPaths: true,
    allowedRoots: [],
  },
  python: {
    executable: resolve('.spark/venv/bin/python'),
    path: pysparkPath(sparkHome()),
    runnerDir: resolve('python'),
    ready: 2,
    maxContexts: 3,
  },
};

/** A copy: a build that runs meanwhile would take the classes away from under the JVM. */
const shim = (folder: string): string => {
  const copy = join(folder, 'libra-driver-host.jar');
  copyFileSync(resolve('jvm-shim/target/libra-driver-host.jar'), copy);
  return copy;
};

const launch = (folder: string) => ({
  options: [
    '-Xmx1g',
    `-Djava.io.tmpdir=${folder}`,
    `-Dlog4j2.configurationFile=${resolve('test/support/log4j2.properties')}`,
    ...MODULE_OPTIONS,
  ],
  classPath: [
    shim(folder),
    ...readdirSync(join(sparkHome(), 'jars')).map((jar) => join(sparkHome(), 'jars', jar)),
  ],
});

const folders: string[] = [];

/**
 * Vitest ends a fork by SIGTERM and allows half a second: too short for Spark's own hooks, so
 * everything that they would remove lies in the folder.
 */
export const removeWithFork = (folder: string): void => {
  folders.push(folder);
  if (folders.length > 1) return;
  process.once('SIGTERM', () => {
    for (const each of folders) rmSync(each, { recursive: true, force: true, maxRetries: 3 });
    process.kill(process.pid, 'SIGKILL');
  });
};

const fail = (message: string): never => {
  throw new Error(message);
};

const begin = async (): Promise<RealDriver> => {
  const folder = mkdtempSync(join(tmpdir(), 'libra-driver-test-'));
  const host = inProcessDriver(launch(folder), { onFault: fail, onMemory: () => {}, onDead: fail });
  const driver = new GuardedDriver(host);
  const info = await driver.start(CONFIG);
  removeWithFork(folder);
  return { driver, info, folder, pid: () => process.pid };
};

const KEY = Symbol.for('libra.test.real-driver');
const shared = globalThis as { [KEY]?: Promise<RealDriver> };

/** Starts the driver with the first call of the process, and answers with the same one ever after. */
export const realDriver = (): Promise<RealDriver> => {
  shared[KEY] ??= begin();
  return shared[KEY];
};

export type Ending =
  | { readonly end: 'succeeded'; readonly result: ResultSummary }
  | { readonly end: 'failed' | 'lost'; readonly error: JobError }
  | { readonly end: 'cancelled' };

/** A job under way, and what its observer has heard so far. */
export interface Running {
  readonly jobId: string;
  readonly resultDir: string;
  readonly ended: Promise<Ending>;
  readonly ends: Ending[];
  readonly fractions: number[];
  readonly logs: string[];
  readonly streams: Readonly<Record<'stdout' | 'stderr', string[]>>;
  readonly schemas: (readonly Column[])[];
  readonly rowCounts: number[];
  cancel(): void;
}

let jobs = 0;

/** Submits a statement with what most tests do not care about. */
export const submit = (
  { driver, folder }: RealDriver,
  code: string | null,
  options: Partial<DriverJob> = {},
): Running => {
  jobs += 1;
  const jobId = options.jobId ?? `job-${process.pid}-${jobs}`;
  const resultDir = options.resultDir ?? join(folder, 'results', jobId);
  const running = {
    jobId,
    resultDir,
    ends: [] as Ending[],
    fractions: [] as number[],
    logs: [] as string[],
    streams: { stdout: [] as string[], stderr: [] as string[] },
    schemas: [] as (readonly Column[])[],
    rowCounts: [] as number[],
    cancel: () => driver.cancel(jobId),
  };
  const ended = new Promise<Ending>((resolve) => {
    const end = (ending: Ending) => {
      running.ends.push(ending);
      resolve(ending);
    };
    driver.submit(
      {
        kind: 'sql',
        sessionId: 'default',
        parameters: [],
        filePath: null,
        mainClass: null,
        args: [],
        context: null,
        settings: {},
        pool: 'default',
        description: 'a test',
        rowLimit: 1000,
        maxResultBytes: 1 << 30,
        maxLogBytes: 1 << 26,
        onOverflow: 'TRUNCATE',
        ...options,
        code,
        jobId,
        resultDir,
      },
      {
        started: () => {},
        progress: (fraction) => running.fractions.push(fraction),
        waitsFor: () => {},
        log: (stream, text) => {
          running.logs.push(text);
          running.streams[stream].push(text);
        },
        schema: (columns) => running.schemas.push(columns),
        rows: (count) => running.rowCounts.push(count),
        succeeded: (result) => end({ end: 'succeeded', result }),
        failed: (error) => end({ end: 'failed', error }),
        cancelled: () => end({ end: 'cancelled' }),
        lost: (error) => end({ end: 'lost', error }),
      },
    );
  });
  return { ...running, ended };
};

/** The result of a statement that has to succeed. */
export const query = async (
  real: RealDriver,
  code: string,
  options: Partial<DriverJob> = {},
): Promise<ResultSummary> => {
  const ending = await submit(real, code, options).ended;
  if (ending.end !== 'succeeded') throw new Error(`${code}: ${JSON.stringify(ending)}`);
  return ending.result;
};

/** The error of a statement that has to fail. */
export const failure = async (
  real: RealDriver,
  code: string,
  options: Partial<DriverJob> = {},
): Promise<JobError> => {
  const ending = await submit(real, code, options).ended;
  if (ending.end !== 'failed') throw new Error(`${code}: ${JSON.stringify(ending)}`);
  return ending.error;
};
