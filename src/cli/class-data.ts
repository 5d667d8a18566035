import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { loadFromProcess } from '../config/load.ts';
import type { LibraConfig } from '../config/schema.ts';
import { childArchive, hostJar } from '../drivers/child/child-class-data.ts';
import { submitSettings } from '../drivers/child/child-settings.ts';
import { classDataFolder, recordingOptions } from '../drivers/class-data.ts';
import { bridgeFolder, bridgeJar, embeddedArchive } from '../drivers/in-process/bridge.ts';
import { jvmLaunch } from '../drivers/in-process/jvm-launch.ts';
import { propertiesText } from '../processes/properties-text.ts';
import { sparkEnvironment } from '../processes/spark-environment.ts';
import { besideTheServer, configOf, jobsIn, MASTER } from './class-data-run.ts';

/**
 * Makes the archives of class data, one for each host of drivers, each in a process of its own: it
 * is written when that process ends. Ends early with whoever has started this.
 */

const LOOK_MS = 1000;

const say = (text: string): boolean => process.stderr.write(`${text}\n`);

interface Making {
  readonly config: LibraConfig;
  readonly folder: string;
  readonly scratch: string;
}

let recorder: ChildProcess | null = null;

/** Answers whether the archive was written. */
const recorded = async (command: readonly string[], options: SpawnOptions, input: string) => {
  const [program = '', ...args] = command;
  recorder = spawn('nice', ['-n', '19', program, ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    ...options,
  });
  const exited = once(recorder, 'exit');
  recorder.stdin?.on('error', () => {});
  recorder.stdin?.end(input);
  const [code] = await exited;
  recorder = null;
  return code === 0;
};

const endRecorder = (): void => {
  if (recorder?.pid !== undefined) process.kill(-recorder.pid, 'SIGKILL');
};

const recordEmbedded = ({ config, folder, scratch }: Making, file: string): Promise<boolean> => {
  const bridge = bridgeJar(folder);
  if (!existsSync(bridge)) {
    const jar = join(config.environment.javaHome ?? '', 'bin', 'jar');
    execFileSync(jar, ['cf', `${bridge}.new`, '-C', bridgeFolder(), 'node']);
    renameSync(`${bridge}.new`, bridge);
  }
  const program = fileURLToPath(new URL('./record-class-data.js', import.meta.url));
  const command = [process.execPath, program, folder, file, scratch];
  return recorded(command, {}, JSON.stringify(config));
};

const recordChild = ({ config, scratch }: Making, file: string): Promise<boolean> => {
  const { projectRoot, environment, spark } = config;
  const { sparkConf } = jvmLaunch(config, null);
  const properties = join(scratch, 'driver.conf');
  const settings = submitSettings(sparkConf, hostJar(projectRoot));
  writeFileSync(properties, propertiesText(settings), { mode: 0o600 });
  const around = {
    projectRoot,
    environment,
    sparkHome: spark.home,
    localIp: spark.localIp,
  };
  const requests = [
    { request: 'start', ...configOf(sparkConf) },
    ...jobsIn(join(scratch, 'results')).map((job) => ({ request: 'submit', ...job })),
  ];
  return recorded(
    [
      join(spark.home, 'bin', 'spark-submit'),
      ...['--properties-file', properties],
      ...['--class', 'com.whereq.libra.driver.child.ClassDataMain', 'spark-internal'],
    ],
    {
      cwd: scratch,
      env: sparkEnvironment(around, {
        master: MASTER,
        home: scratch,
        tmp: scratch,
        javaOptions: recordingOptions(file),
      }),
    },
    requests.map((request) => `${JSON.stringify(request)}\n`).join(''),
  );
};

const HOSTS = { embedded: recordEmbedded, child: recordChild } as const;

const archives = ({ config, folder }: Making) => ({
  embedded: embeddedArchive(config, jvmLaunch(config, null), folder),
  child: childArchive(
    {
      projectRoot: config.projectRoot,
      environment: config.environment,
      sparkHome: config.spark.home,
      localIp: config.spark.localIp,
    },
    folder,
  ),
});

/** Whatever fits no driver any more goes when there is a new one. */
const replace = (host: keyof typeof HOSTS, unfinished: string, archive: string): void => {
  for (const old of readdirSync(dirname(archive))) {
    if (old.startsWith(`${host}-`) && join(dirname(archive), old) !== unfinished) {
      rmSync(join(dirname(archive), old), { force: true });
    }
  }
  renameSync(unfinished, archive);
};

const make = async (making: Making): Promise<number> => {
  let code = 0;
  for (const [host, archive] of Object.entries(archives(making))) {
    const name = host as keyof typeof HOSTS;
    if (archive === null) {
      say(`${name}: none, because JAVA_HOME is not set, or the class path holds a folder, such as`);
      say('the one of HADOOP_CONF_DIR or SPARK_CONF_DIR.');
      continue;
    }
    if (!existsSync(archive)) {
      const unfinished = join(dirname(archive), `${name}-unfinished-${process.pid}`);
      const written = (await HOSTS[name](making, unfinished)) && existsSync(unfinished);
      if (written) replace(name, unfinished, archive);
      else code = 1;
      rmSync(unfinished, { force: true });
    }
    const there = existsSync(archive) ? archive : 'it could not be made; drivers start without it';
    say(`${name}: ${there}`);
  }
  return code;
};

/** A server hands over its own; its environment no longer holds what that was read from. */
const given = async (): Promise<{ config: LibraConfig; scratch: string | null }> =>
  process.argv[2] === '-'
    ? JSON.parse(await text(process.stdin))
    : { config: loadFromProcess(), scratch: null };

const main = async (): Promise<number> => {
  const { config: server, scratch: place } = await given();
  const config = besideTheServer(server);
  const folder = classDataFolder(config);
  if (folder === null) {
    say('libra.driver.class-data is off.');
    return 0;
  }
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(join(place ?? tmpdir(), 'libra-class-data-'));
  process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
  return make({ config, folder, scratch });
};

const endNow = (): never => {
  endRecorder();
  process.exit(1);
};
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) endNow();
}, LOOK_MS).unref();
process.on('SIGTERM', endNow);
process.on('SIGINT', endNow);
main()
  .then((code) => process.exit(code))
  .catch((error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    endNow();
  });
