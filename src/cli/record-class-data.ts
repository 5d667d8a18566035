import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { applyToProcess } from '../config/load.ts';
import type { LibraConfig } from '../config/schema.ts';
import type { Driver, DriverJob } from '../drivers/driver.ts';
import { recordingClassData } from '../drivers/in-process/bridge.ts';
import { exitProcess, inProcessDriver } from '../drivers/in-process/in-process-driver.ts';
import { jvmLaunch } from '../drivers/in-process/jvm-launch.ts';
import { configOf, jobsIn } from './class-data-run.ts';

/**
 * record-class-data FOLDER FILE RESULTS, with the configuration on the standard input: a driver in this process that runs some statements and ends; its
 * JVM then writes what it has loaded into FILE.
 */

/** The warm-up in the background loads more classes. */
const WARM_UP_MS = 5000;

const say = (text: string): boolean => process.stderr.write(`${text}\n`);

const run = (driver: Driver, job: DriverJob): Promise<void> =>
  new Promise((done, failed) => {
    const nothing = (): void => {};
    const end = (what: string) => failed(new Error(`${job.code}: ${what}`));
    driver.submit(job, {
      started: nothing,
      progress: nothing,
      log: nothing,
      schema: nothing,
      rows: nothing,
      waitsFor: nothing,
      succeeded: () => done(),
      failed: ({ message }) => end(message),
      cancelled: () => end('cancelled'),
      lost: ({ message }) => end(message),
    });
  });

const record = async (folder: string, file: string, results: string): Promise<never> => {
  const config = JSON.parse(await text(process.stdin)) as LibraConfig;
  applyToProcess(config);
  const launch = jvmLaunch(config, results);
  const driver = inProcessDriver(recordingClassData(launch, folder, file), {
    onFault: say,
    onMemory: () => {},
    onDead: say,
  });
  await driver.start(configOf(launch.sparkConf));
  await sleep(WARM_UP_MS);
  for (const job of jobsIn(results)) await run(driver, job);
  await driver.stop();
  return exitProcess(0);
};

const [folder = '', file = '', results = ''] = process.argv.slice(2);
record(folder, file, results).catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  process.kill(process.pid, 'SIGKILL'); // without an archive
});
