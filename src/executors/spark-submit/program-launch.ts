import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { FairPool } from '../../domain/pool.ts';
import { sizeOf } from '../../processes/log-tail.ts';
import type { Ports } from '../../processes/port-slots.ts';
import { propertiesText } from '../../processes/properties-text.ts';
import { sparkEnvironment } from '../../processes/spark-environment.ts';
import { NICENESS } from '../../util/niceness.ts';
import type { Execution } from '../executor.ts';
import type { SparkSubmitOptions } from './options.ts';
import { aliasOf, CODE, NotSubmittable, PROPERTIES, programCommand } from './program-command.ts';
import type { ProgramFolder } from './program-folder.ts';
import { isClusterMode, programSettings } from './program-settings.ts';

const KIB = 1024;

/**
 * Puts everything that the program needs into its folder, then starts the script that runs it. Of
 * two servers that do so the first script runs the program, and both watch that one.
 */
export const launch = async (
  execution: Execution,
  folder: ProgramFolder,
  ports: Ports,
  options: SparkSubmitOptions,
): Promise<ChildProcess> => {
  const { projectRoot, redactionPattern, localIp, sparkHome } = options;
  const settings = programSettings(execution, {
    server: await options.sparkConf(),
    ports,
    redactionPattern,
    localIp,
    listenerJar: join(projectRoot, 'jvm-shim', 'target', 'libra-driver-host.jar'),
    folder: folder.path,
  });
  const cluster = isClusterMode(settings) ? standalone(settings['spark.master'] ?? '') : null;
  const command = programCommand(execution, { sparkHome, folder: folder.path });

  await folder.make();
  await mkdir(execution.logDir, { recursive: true });
  await folder.write(PROPERTIES, propertiesText(settings));
  await folder.write('fairscheduler.xml', allocationsOf(options.pools()));
  await writeProgram(execution, folder, options);
  const log = (name: string): Promise<number> => sizeOf(join(execution.logDir, name));
  const logStart = { stdout: await log('stdout.log'), stderr: await log('stderr.log') };
  // A former server has written it already when its script has not come to start the program.
  await folder.write('record.json', JSON.stringify({ slot: ports.slot, logStart, cluster }));

  const script = join(projectRoot, 'bin', 'lib', 'run-program.sh');
  const child = spawn(
    script,
    [
      folder.path,
      execution.logDir,
      String(Math.max(1, Math.floor(execution.maxLogBytes / KIB))),
      // Behind the event loop, as the driver's own threads are.
      ...['nice', '-n', String(NICENESS)],
      ...command,
    ],
    {
      detached: true,
      stdio: 'ignore',
      env: sparkEnvironment(options, {
        master: settings['spark.master'],
        home: options.environment.home,
        tmp: folder.file('tmp'),
        javaOptions: [],
      }),
    },
  );
  await once(child, 'spawn');
  child.unref();
  return child;
};

const standalone = (master: string): string => {
  if (master.startsWith('spark://')) return master;
  throw new NotSubmittable(
    `spark.submit.deployMode=cluster is there for standalone masters, and ${master} is none: leave it out`,
  );
};

const writeProgram = async (
  execution: Execution,
  folder: ProgramFolder,
  { projectRoot }: SparkSubmitOptions,
): Promise<void> => {
  const { request, program } = execution;
  if (request.kind === 'python') {
    const frame = await readFile(join(projectRoot, 'python', 'submitted.py'), 'utf8');
    // A string in JSON is one in Python as well.
    await folder.write(CODE, `${frame}\n_run(${JSON.stringify(request.code ?? '')})\n`);
    return;
  }
  const alias = aliasOf(execution);
  if (alias === null || program === null) return;
  await rm(folder.file(alias), { force: true });
  await symlink(program.location, folder.file(alias));
};

/** Spark reads whole-number weights, so each is a hundred times as large, as in the server's driver. */
const allocationsOf = (pools: readonly FairPool[]): string => {
  const entries = pools.map(
    ({ name, schedulingMode, weight, minShare }) =>
      `  <pool name="${name}"><schedulingMode>${schedulingMode}</schedulingMode>` +
      `<weight>${Math.round(weight * 100)}</weight><minShare>${minShare}</minShare></pool>\n`,
  );
  return `<?xml version="1.0"?>\n<allocations>\n${entries.join('')}</allocations>\n`;
};
