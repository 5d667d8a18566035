import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { SqlPolicy } from '../../src/drivers/driver.ts';
import type { JvmLaunchInput } from '../../src/drivers/in-process/jvm-launch.ts';
import { buildOnce } from './build-once.ts';
import { sparkHome } from './spark-home.ts';

export type Settings = Readonly<Record<string, string>>;

export interface Task {
  readonly input: JvmLaunchInput;
  /** Variables that are set before the JVM is loaded. */
  readonly environment?: Settings;
  readonly sqlPolicy?: SqlPolicy;
  /** Tried first, one start each over the settings of the plan; each has to fail. */
  readonly failingSettings?: readonly Settings[];
  readonly statements: readonly string[];
}

export interface Report {
  readonly warnings: readonly string[];
  readonly failures: readonly string[];
  /** One for each statement: the rows as text, or `failed: CODE message`. */
  readonly answers: readonly string[];
  readonly heapMaxBytes: number;
}

/** Nothing that breaks out of SQL. */
export const CLOSED: SqlPolicy = {
  allowReflection: false,
  allowTransform: false,
  allowAddResources: false,
  allowLocalPaths: false,
  allowedRoots: [],
};

const DEADLINE_MS = 150_000;

/** Runs a driver in a process of its own, because a JVM starts but once in each. */
export const drive = async (task: Task): Promise<{ report: Report; stderr: string }> => {
  const dist = await buildOnce();
  const child = spawn(process.execPath, [resolve('test/support/launch-child.mjs'), dist], {
    stdio: 'pipe',
  });
  const deadline = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
  const whole = { environment: {}, sqlPolicy: CLOSED, failingSettings: [], ...task };
  child.stdin.end(JSON.stringify(whole));
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  clearTimeout(deadline);
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  if (!last.startsWith('{')) throw new Error(`no report:\n${stdout}\n${stderr}`);
  return { report: JSON.parse(last) as Report, stderr };
};

/** What a server on two local cores would ask for, its scratch files in one folder. */
export const launchInput = (
  tempDir: string,
  config: Settings,
  rest: Partial<JvmLaunchInput> = {},
): JvmLaunchInput => ({
  spark: {
    home: sparkHome(),
    appName: 'libra-launch-test',
    master: 'local[2]',
    config: {
      'spark.ui.enabled': 'false',
      'spark.driver.host': '127.0.0.1',
      'spark.driver.bindAddress': '127.0.0.1',
      ...config,
    },
  },
  environment: {
    javaHome: process.env.JAVA_HOME ?? null,
    hadoopConfDir: null,
    yarnConfDir: null,
    sparkConfDir: null,
    javaOpts: null,
    pysparkPython: null,
    path: null,
    home: null,
    forDrivers: {},
    underNpm: false,
    supervisor: null,
    lastEnd: null,
  },
  shimJar: resolve('jvm-shim/target/libra-driver-host.jar'),
  log: { level: 'info', format: 'json', color: false, folder: resolve('config') },
  memoryBytes: 8 * 2 ** 30,
  tempDir,
  ...rest,
});
