import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DriverStartError, type PythonRuntime } from './driver.ts';
import { pysparkPath } from './pyspark-path.ts';
import { askPython, type PythonAnswer } from './python-probe.ts';

export interface PythonRuntimeInput {
  /** The section `libra.python` of the configuration. */
  readonly settings: {
    readonly executable: string | null;
    readonly packages: readonly string[];
    readonly ready: number;
    readonly maxContexts: number;
  };
  readonly environment: {
    readonly pysparkPython: string | null;
    readonly path: string | null;
    readonly home: string | null;
  };
  readonly projectRoot: string;
  readonly sparkHome: string;
  readonly sparkConf: Readonly<Record<string, string>>;
}

export interface FoundPython {
  /** Null where there is none and none was asked for. */
  readonly runtime: PythonRuntime | null;
  /** The Spark configuration, with the Python of the workers where it named none. */
  readonly sparkConf: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

/** The oldest Python that Spark 4 supports. */
const OLDEST = [3, 9] as const;

/**
 * The Python of `python` jobs, tried out once. One that was asked for and does not do stops the
 * start; without any, jobs of that kind fail and say so.
 */
export const findPython = async (input: PythonRuntimeInput): Promise<FoundPython> => {
  const { executable, askedBy } = choose(input);
  const fromSpark = pysparkPath(input.sparkHome);
  const answer = await askPython({
    executable,
    script: join(input.projectRoot, 'python', 'probe.py'),
    path: fromSpark,
    packages: input.settings.packages,
    environment: {
      ...(input.environment.path === null ? {} : { PATH: input.environment.path }),
      ...(input.environment.home === null ? {} : { HOME: input.environment.home }),
    },
  });
  const faults = faultsOf(answer, sparkVersion(input.sparkHome));
  const packages = typeof answer === 'string' ? [] : Object.entries(answer.missing);
  if (faults.length > 0 || packages.length > 0) {
    const missing = packages.map(([name, why]) => `package ${name}: ${why}`);
    const message = `Python (${executable}): ${[...faults, ...missing].join('; ')}`;
    if (askedBy !== null) throw new DriverStartError(`${message}. It is named by ${askedBy}.`);
    if (input.settings.packages.length > 0) {
      throw new DriverStartError(`${message}. libra.python.packages asks for them.`);
    }
    return {
      runtime: null,
      sparkConf: input.sparkConf,
      warnings: [
        `${message}. Jobs of kind python will fail: install Python with pyspark, or name one with libra.python.executable`,
      ],
    };
  }
  return {
    runtime: {
      executable,
      path: fromSpark,
      runnerDir: join(input.projectRoot, 'python'),
      ready: input.settings.ready,
      maxContexts: input.settings.maxContexts,
    },
    sparkConf: withWorkers(input, executable),
    warnings: typeof answer === 'string' ? [] : warningsOf(answer, executable),
  };
};

const choose = ({ settings, environment, projectRoot }: PythonRuntimeInput) => {
  if (settings.executable !== null) {
    return { executable: settings.executable, askedBy: 'libra.python.executable' };
  }
  if (environment.pysparkPython !== null) {
    return { executable: environment.pysparkPython, askedBy: 'PYSPARK_PYTHON' };
  }
  const own = join(projectRoot, '.spark', 'venv', 'bin', 'python');
  return { executable: existsSync(own) ? own : 'python3', askedBy: null };
};

const faultsOf = (answer: PythonAnswer | string, spark: string | null): readonly string[] => {
  if (typeof answer === 'string') return [answer];
  const faults: string[] = [];
  const [major = 0, minor = 0] = answer.version;
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    faults.push(`it is ${answer.version.join('.')}, and Spark needs ${OLDEST.join('.')} or later`);
  }
  if (answer.pyspark === null) faults.push('it has no pyspark, and Spark brings none along');
  else if (!answer.py4j) faults.push('it has no py4j, and Spark brings none along');
  else if (spark !== null && answer.pyspark !== spark) {
    faults.push(`its pyspark is ${answer.pyspark}, and Spark is ${spark}`);
  }
  return faults;
};

const warningsOf = (answer: PythonAnswer, executable: string): readonly string[] => {
  const missing = (['pandas', 'pyarrow'] as const).filter((name) => !answer[name]);
  return missing.length === 0
    ? []
    : [
        `Python (${executable}) has no ${missing.join(' and no ')}: toPandas(), pandas UDFs and DataFrames of pandas will not work`,
      ];
};

/** The version in the name of Spark's own jar; null where Spark was put together in another way. */
const sparkVersion = (home: string): string | null => {
  const jars = join(home, 'jars');
  for (const name of existsSync(jars) ? readdirSync(jars) : []) {
    const version = /^spark-core_2\.13-(.+)\.jar$/.exec(name)?.[1];
    if (version !== undefined) return version;
  }
  return null;
};

/** Local workers are this machine's; those of a cluster have a Python of their own. */
const withWorkers = (
  { sparkConf, settings, environment }: PythonRuntimeInput,
  executable: string,
): Readonly<Record<string, string>> => {
  const isLocal = /^local(\[|$)/.test(sparkConf['spark.master'] ?? '');
  const workers = isLocal ? executable : (settings.executable ?? environment.pysparkPython);
  return {
    'spark.pyspark.python': workers ?? 'python3',
    'spark.pyspark.driver.python': executable,
    ...sparkConf,
  };
};
