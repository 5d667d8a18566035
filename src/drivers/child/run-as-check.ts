import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { commandAs, processesOfUser } from '../../processes/user-processes.ts';
import { DriverStartError, type PythonRuntime } from '../driver.ts';
import { classPathOf, localResources } from '../spark-resources.ts';
import type { ChildOptions } from './options.ts';

export interface RunAs {
  readonly options: ChildOptions;
  readonly ids: readonly number[];
  readonly python: PythonRuntime | null;
}

const KEY = 'libra.session.run-as';

/**
 * Whether drivers can run as these users on this machine; throws the DriverStartError that says
 * what is in the way. After former drivers are gone: whatever still runs as one of them is somebody
 * else's, and would be killed with the first driver that ends.
 */
export const checkRunAs = async ({ options, ids, python }: RunAs): Promise<void> => {
  const own = process.getuid?.();
  if (own !== 0) {
    throw fault(`only a server that runs as root can give user ids; this one is user ${own}`);
  }
  for (const uid of ids) {
    const [pid] = await processesOfUser(uid);
    if (pid !== undefined) {
      throw fault(`process ${pid} runs as user ${uid} already; drivers need ids that nobody uses`);
    }
  }
  const hidden = await unreachable(ids[0] ?? 0, options, await neededPaths(options, python));
  if (hidden.length > 0) {
    const lines = hidden.map(
      ({ path, at }) => `  - ${path}${at === path ? '' : ` (because of ${at})`}`,
    );
    throw fault(
      `driver processes cannot read what they need; make it readable for others, or use another place:\n${lines.join('\n')}`,
    );
  }
};

const fault = (message: string): DriverStartError => new DriverStartError(`${KEY}: ${message}`);

interface Hidden {
  readonly path: string;
  /** The folder, or the file itself, that stands in the way. */
  readonly at: string;
}

const unreachable = async (
  uid: number,
  { projectRoot }: ChildOptions,
  paths: readonly string[],
): Promise<readonly Hidden[]> => {
  const [program = '', ...args] = commandAs(uid);
  const script = await open(join(projectRoot, 'bin', 'lib', 'unreachable.sh'), 'r');
  try {
    const child = spawn(program, [...args, 'bash', '-s', '--', ...paths], {
      ...{ cwd: '/', stdio: [script.fd, 'pipe', 'pipe'] },
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    });
    const said = Promise.all([text(child.stdout as never), text(child.stderr as never)]);
    const [code] = await once(child, 'exit');
    const [found, complaint] = await said;
    if (code !== 0) throw fault(`the system does not let it: ${complaint.trim()}`);
    return found
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'))
      .map(([path = '', at = path]) => ({ path, at }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw fault('the program setpriv is needed, which comes with util-linux');
  } finally {
    await script.close();
  }
};

const neededPaths = async (
  options: ChildOptions,
  python: PythonRuntime | null,
): Promise<readonly string[]> => {
  const { projectRoot, sparkHome, environment, sparkConf, driversDir } = options;
  const { javaHome, sparkConfDir, hadoopConfDir, yarnConfDir, path } = environment;
  const files = [
    join(projectRoot, 'jvm-shim', 'target', 'libra-driver-host.jar'),
    join(projectRoot, 'config', 'log4j2-program.xml'),
    join(sparkHome, 'bin', 'spark-submit'),
    join(sparkHome, 'jars'),
    javaHome === null ? await onPath('java', path) : join(javaHome, 'bin', 'java'),
    ...[sparkConfDir, hadoopConfDir, yarnConfDir],
    ...(python === null ? [] : [python.runnerDir, ...python.path]),
    python === null ? null : await onPath(python.executable, path),
    ...localResources(sparkConf),
    ...classPathOf('spark.driver.extraClassPath', sparkConf).entries,
  ].filter((file) => file !== null);
  const real = await Promise.all(files.map((file) => realpath(file).catch(() => file)));
  // A slash at the end: the children pass through it, and that is all.
  return [...new Set([...files, ...real, `${driversDir}/`])];
};

/** Null where it is nowhere: whoever needs it says so. */
const onPath = async (program: string, path: string | null): Promise<string | null> => {
  if (program.includes('/')) return program;
  for (const folder of (path ?? '').split(':').filter((entry) => entry.startsWith('/'))) {
    const found = await stat(join(folder, program)).catch(() => null);
    if (found?.isFile() === true) return join(folder, program);
  }
  return null;
};
