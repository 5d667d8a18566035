// A driver in a process of its own: `node launch-child.mjs DIST < task.json`. The task holds the
// input of planJvmLaunch, the environment, and statements; the last line of standard output is the
// report. JavaScript, because Node 20 does not run TypeScript; it uses what `npm run build` makes.
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

const load = (path) => import(pathToFileURL(join(process.argv[2], path)).href);
const { planJvmLaunch } = await load('drivers/in-process/jvm-launch.js');
const { exitProcess, inProcessDriver } = await load('drivers/in-process/in-process-driver.js');
const task = JSON.parse(await text(process.stdin));
// Below the folder of the test, which removes it even when this process is killed.
const folder = mkdtempSync(join(task.input.tempDir, 'results-'));
const report = { warnings: [], failures: [], info: null, answers: [], heapMaxBytes: 0 };

const answer = (driver, code, number) =>
  new Promise((resolve) => {
    const job = {
      jobId: `job-${number}`,
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
      description: '',
      rowLimit: 10,
      maxResultBytes: 1 << 20,
      maxLogBytes: 1 << 20,
      onOverflow: 'TRUNCATE',
      resultDir: join(folder, `result-${number}`),
    };
    const ignore = () => {};
    driver.submit(job, {
      started: ignore,
      progress: ignore,
      log: ignore,
      schema: ignore,
      rows: ignore,
      succeeded: (result) => resolve(result.text.split('\n\n')[1]?.trim() ?? ''),
      failed: (error) => resolve(`failed: ${error.code} ${error.message}`),
      cancelled: () => resolve('cancelled'),
      lost: (error) => resolve(`lost: ${error.message}`),
    });
  });

const run = async () => {
  const plan = planJvmLaunch(task.input);
  report.warnings = plan.warnings;
  Object.assign(process.env, task.environment);
  const driver = inProcessDriver(plan, {
    onFault: (message) => report.failures.push(message),
    onMemory: () => {},
    onDead: (cause) => report.failures.push(cause),
  });
  const config = { pools: [], sqlPolicy: task.sqlPolicy, python: null };
  for (const wrong of task.failingSettings) {
    await driver
      .start({ ...config, sparkConf: { ...plan.sparkConf, ...wrong } })
      .catch((error) => report.failures.push(error.message));
  }
  report.info = await driver.start({ ...config, sparkConf: plan.sparkConf });
  for (const [number, code] of task.statements.entries()) {
    report.answers.push(await answer(driver, code, number));
  }
  report.heapMaxBytes = (await driver.stats()).heapMaxBytes;
  await driver.stop();
};

await run().catch((error) => report.failures.push(`${error.name}: ${error.message}`));
process.stdout.write(`\n${JSON.stringify(report)}\n`, () => exitProcess(0));
