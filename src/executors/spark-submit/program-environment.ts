import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SparkSubmitOptions } from './options.ts';
import { isLocalMaster } from './program-settings.ts';

type Settings = Readonly<Record<string, string>>;

const LOG_FILES = ['xml', 'properties', 'yaml', 'yml', 'json'].map((end) => `log4j2.${end}`);
const LOOPBACK = '127.0.0.1';

/**
 * What a program sees of the server's environment: no more than this list. Tokens and paths of the
 * store are in there, and a program could read them.
 */
export const programEnvironment = (
  options: SparkSubmitOptions,
  settings: Settings,
  folder: string,
): Settings => {
  const { environment, sparkHome, localIp } = options;
  const local = isLocalMaster(settings['spark.master']);
  const tmp = join(folder, 'tmp');
  const given: Readonly<Record<string, string | null>> = {
    PATH: environment.path ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: environment.home,
    LANG: 'C.UTF-8',
    TMPDIR: tmp,
    JAVA_HOME: environment.javaHome,
    SPARK_HOME: sparkHome,
    SPARK_CONF_DIR: environment.sparkConfDir,
    SPARK_LOCAL_IP: localIp ?? (local ? LOOPBACK : null),
    HADOOP_CONF_DIR: environment.hadoopConfDir,
    YARN_CONF_DIR: environment.yarnConfDir,
    SPARK_SUBMIT_OPTS: javaOptions(options, tmp).map(quoted).join(' '),
    PYTHONIOENCODING: 'utf-8',
    PYTHONDONTWRITEBYTECODE: '1',
  };
  return Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== null),
  );
};

/** What a program that was killed leaves behind goes with its folder. */
const javaOptions = (options: SparkSubmitOptions, tmp: string): readonly string[] => {
  const own = join(options.projectRoot, 'config', 'log4j2-program.xml');
  return [
    `-Djava.io.tmpdir=${tmp}`,
    '-Dfile.encoding=UTF-8',
    '-XX:-UsePerfData',
    ...(hasOwnLog(options) ? [] : [`-Dlog4j2.configurationFile=${own}`]),
  ];
};

const hasOwnLog = ({ environment, sparkHome }: SparkSubmitOptions): boolean => {
  const folder = environment.sparkConfDir ?? join(sparkHome, 'conf');
  return LOG_FILES.some((name) => existsSync(join(folder, name)));
};

/** As Spark's launcher takes a line of options apart. */
const quoted = (option: string): string => `"${option.replace(/["\\]/g, '\\$&')}"`;
