import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isLocalMaster, LOOPBACK } from './driver-place.ts';

/** What of the server is of use to the Spark programs that it starts. */
export interface SparkSurroundings {
  /** Where `config` lies. */
  readonly projectRoot: string;
  readonly sparkHome: string;
  /** The address that Spark binds to (SPARK_LOCAL_IP); null leaves it to Spark. */
  readonly localIp: string | null;
  /** Variables of the server that programs see as well; everything else is ours alone. */
  readonly environment: {
    readonly javaHome: string | null;
    readonly hadoopConfDir: string | null;
    readonly yarnConfDir: string | null;
    readonly sparkConfDir: string | null;
    readonly path: string | null;
    readonly home: string | null;
    /** More of them, which the configuration names. */
    readonly forDrivers: Readonly<Record<string, string>>;
  };
}

export interface SparkProgram {
  readonly master: string | undefined;
  readonly home: string | null;
  /** What a program that was killed leaves behind in here goes with its folder. */
  readonly tmp: string;
  /** Options of its JVM; the settings of Spark may add to them and come later. */
  readonly javaOptions: readonly string[];
}

const LOG_FILES = ['xml', 'properties', 'yaml', 'yml', 'json'].map((end) => `log4j2.${end}`);

/**
 * What a program sees of the server's environment: no more than this list. Tokens and paths of the
 * store are in there, and a program could read them.
 */
export const sparkEnvironment = (
  surroundings: SparkSurroundings,
  program: SparkProgram,
): Readonly<Record<string, string>> => {
  const { environment, sparkHome, localIp } = surroundings;
  const given: Readonly<Record<string, string | null>> = {
    ...environment.forDrivers,
    PATH: environment.path ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: program.home,
    LANG: 'C.UTF-8',
    TMPDIR: program.tmp,
    JAVA_HOME: environment.javaHome,
    SPARK_HOME: sparkHome,
    SPARK_CONF_DIR: environment.sparkConfDir,
    SPARK_LOCAL_IP: localIp ?? (isLocalMaster(program.master) ? LOOPBACK : null),
    HADOOP_CONF_DIR: environment.hadoopConfDir,
    YARN_CONF_DIR: environment.yarnConfDir,
    SPARK_SUBMIT_OPTS: javaOptions(surroundings, program).map(quoted).join(' '),
    PYTHONIOENCODING: 'utf-8',
    PYTHONDONTWRITEBYTECODE: '1',
  };
  return Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== null),
  );
};

const javaOptions = (
  surroundings: SparkSurroundings,
  { tmp, javaOptions }: SparkProgram,
): readonly string[] => {
  const own = join(surroundings.projectRoot, 'config', 'log4j2-program.xml');
  return [
    `-Djava.io.tmpdir=${tmp}`,
    '-Dfile.encoding=UTF-8',
    '-XX:-UsePerfData',
    ...(hasOwnLog(surroundings) ? [] : [`-Dlog4j2.configurationFile=${own}`]),
    ...javaOptions,
  ];
};

const hasOwnLog = ({ environment, sparkHome }: SparkSurroundings): boolean => {
  const folder = environment.sparkConfDir ?? join(sparkHome, 'conf');
  return LOG_FILES.some((name) => existsSync(join(folder, name)));
};

/** As Spark's launcher takes a line of options apart. */
const quoted = (option: string): string => `"${option.replace(/["\\]/g, '\\$&')}"`;
