import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { applyToProcess, loadFromProcess } from '../config/load.ts';
import type { DriverJob } from '../drivers/driver.ts';
import {
  archivingClassData,
  bridgeFolder,
  type ClassData,
  classDataOf,
} from '../drivers/in-process/class-data.ts';
import { exitProcess, inProcessDriver } from '../drivers/in-process/in-process-driver.ts';
import { classDataFolder, jvmLaunch } from '../drivers/in-process/jvm-launch.ts';

/** What loads the classes that most statements need. */
const STATEMENTS = [
  'SELECT 1 AS a, current_timestamp() AS b',
  'SELECT id % 7 AS k, count(*) AS n, max(concat("x", id)) AS m FROM range(1000) GROUP BY 1 ORDER BY 1',
  'CREATE TABLE class_data USING parquet AS SELECT id, array(id) AS a, map("k", id) AS m FROM range(10)',
  'SELECT a.id, b.a FROM class_data a JOIN class_data b USING (id) WHERE a.id > 3 LIMIT 5',
  'SHOW TABLES',
  'DROP TABLE class_data',
] as const;

const say = (text: string): boolean => process.stderr.write(`${text}\n`);

const load = () => {
  const config = loadFromProcess();
  const launch = jvmLaunch(
    {
      ...config,
      // Which master runs the tasks makes no difference to the classes of the driver.
      spark: {
        ...config.spark,
        master: 'local[2]',
        config: { ...config.spark.config, 'spark.driver.port': '0', 'spark.ui.port': '0' },
      },
    },
    null,
  );
  return {
    config,
    launch,
    data: classDataOf(launch, config.environment.javaHome, classDataFolder(config)),
  };
};

/** Makes the archive in a process of its own: it is written when that process ends. */
const make = async (): Promise<number> => {
  const { config, data } = load();
  if (data === null) {
    say(
      'No class data: JAVA_HOME is not set, or the class path holds a folder, such as the one of',
    );
    say('HADOOP_CONF_DIR or SPARK_CONF_DIR.');
    return 1;
  }
  if (existsSync(data.archive) && existsSync(data.bridge)) {
    say(`The class data is there: ${data.archive}`);
    return 0;
  }
  const folder = dirname(data.archive);
  mkdirSync(folder, { recursive: true });
  makeBridge(data, config.environment.javaHome ?? '');
  const unfinished = `${data.archive}.${process.pid}`;
  say('Making the class data: this takes half a minute.');
  const child = spawn(process.execPath, [process.argv[1] ?? '', 'record', unfinished], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0 || !existsSync(unfinished)) {
    rmSync(unfinished, { force: true });
    say('The class data could not be made; the server starts without it.');
    return 1;
  }
  for (const old of readdirSync(folder).filter((name) => name.endsWith('.jsa'))) {
    rmSync(join(folder, old));
  }
  renameSync(unfinished, data.archive);
  say(`The class data is there: ${data.archive}`);
  return 0;
};

const makeBridge = ({ bridge }: ClassData, javaHome: string): void => {
  if (existsSync(bridge)) return;
  const unfinished = `${bridge}.${process.pid}`;
  execFileSync(join(javaHome, 'bin', 'jar'), ['cf', unfinished, '-C', bridgeFolder(), 'node']);
  renameSync(unfinished, bridge);
};

/** Runs the statements and ends; the JVM then writes what it has loaded. */
const record = async (file: string): Promise<never> => {
  const { config, launch, data } = load();
  if (data === null) return exitProcess(1);
  applyToProcess(config);
  const folder = mkdtempSync(join(tmpdir(), 'libra-class-data-'));
  const driver = inProcessDriver(archivingClassData(launch, data, file), {
    onFault: say,
    onMemory: () => {},
    onDead: say,
  });
  try {
    await driver.start({
      sparkConf: launch.sparkConf,
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
    for (const [number, code] of STATEMENTS.entries()) {
      await new Promise<void>((done) => {
        const nothing = () => {};
        driver.submit(jobOf(code, join(folder, String(number))), {
          started: nothing,
          progress: nothing,
          waitsFor: nothing,
          log: nothing,
          schema: nothing,
          rows: nothing,
          succeeded: () => done(),
          failed: (error) => done(void say(error.message)),
          cancelled: () => done(),
          lost: () => done(),
        });
      });
    }
    await sleep(1000); // the warm-up in the background loads more of them
    await driver.stop();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return exitProcess(0);
};

const jobOf = (code: string, resultDir: string): DriverJob => ({
  jobId: `class-data-${resultDir.split('/').at(-1)}`,
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
  resultDir,
});

const [task, file] = process.argv.slice(2);
const run = task === 'record' && file !== undefined ? record(file) : make();
run
  .then((code) => process.exit(code))
  .catch((error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    exitProcess(1);
  });
