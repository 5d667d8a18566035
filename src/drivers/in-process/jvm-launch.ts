import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { HostEnvironment, LibraConfig } from '../../config/schema.ts';
import { memoryOfMachine } from '../../processes/machine-memory.ts';
import { classDataFolder } from '../class-data.ts';
import { DriverStartError } from '../driver.ts';
import { judgeHeap, MIB, parseMemory } from '../heap-size.ts';
import { embeddedOptions, splitOptions } from '../java-options.ts';
import { masterFaults, settingsWithoutEffect, unsupportedSettings } from '../launch-limits.ts';
import { logLevels } from '../log-levels.ts';
import { isFolder, sparkConfDir, sparkJars } from '../spark-home.ts';
import { classPathOf, missingResources } from '../spark-resources.ts';
import { embeddedArchive, withClassData } from './bridge.ts';
import { javaFaults } from './java-check.ts';
import { memoryNoteOptions } from './memory-note.ts';
import { MODULE_OPTIONS } from './module-options.ts';
import type { JvmLaunch } from './native.ts';
import { readSparkDefaults } from './spark-defaults.ts';

type Settings = Readonly<Record<string, string>>;

export interface JvmLaunchInput {
  readonly spark: {
    readonly home: string;
    readonly appName: string;
    readonly master: string;
    readonly config: Settings;
  };
  readonly environment: HostEnvironment;
  /** libra-driver-host.jar. */
  readonly shimJar: string;
  readonly log: {
    readonly level: string;
    readonly format: 'json' | 'pretty';
    readonly color: boolean;
    /** Holds log4j2-json.xml and log4j2-pretty.xml. */
    readonly folder: string;
  };
  /** What the heap may not pass: the limit of the container, or the memory of the machine. */
  readonly memoryBytes: number;
  /** For Java's and Spark's scratch files; null leaves them where the system puts them. */
  readonly tempDir: string | null;
}

export interface JvmLaunchPlan extends JvmLaunch {
  /** spark-defaults.conf and application.yml in one, complete for a SparkContext. */
  readonly sparkConf: Settings;
  readonly warnings: readonly string[];
}

/** Where a JVM looks for native libraries when nobody says so. */
const SYSTEM_LIBRARIES = '/usr/java/packages/lib:/usr/lib64:/lib64:/lib:/usr/lib';
const DEFAULT_MEMORY = '1g';

/** The launch for this server on this machine; `tempDir` is for Java's and Spark's scratch files. */
export const jvmLaunch = (config: LibraConfig, tempDir: string | null): JvmLaunchPlan => {
  const { format, level } = config.libra.logging;
  const terminal = process.stderr.isTTY === true;
  const readable = format === 'pretty' || (format === 'auto' && terminal);
  const plan = planJvmLaunch({
    spark: config.spark,
    environment: config.environment,
    shimJar: join(config.projectRoot, 'jvm-shim', 'target', 'libra-driver-host.jar'),
    log: {
      level,
      format: readable ? 'pretty' : 'json',
      color: terminal,
      folder: join(config.projectRoot, 'config'),
    },
    memoryBytes: memoryOfMachine(),
    tempDir,
  });
  const folder = classDataFolder(config);
  return folder === null
    ? plan
    : withClassData(plan, embeddedArchive(config, plan, folder), folder);
};

/**
 * Gives effect to what spark-submit would have read. Everything that cannot be in force stops the
 * start, all of it in one message.
 */
export const planJvmLaunch = (input: JvmLaunchInput): JvmLaunchPlan => {
  const { spark, environment } = input;
  const confDir = sparkConfDir(spark.home, environment.sparkConfDir);
  const defaults = readSparkDefaults(confDir);
  const sparkConf = {
    ...defaults.settings,
    ...spark.config,
    'spark.master': spark.master,
    'spark.app.name': spark.appName,
  };
  const jars = sparkJars(spark.home);
  const extra = classPathOf('spark.driver.extraClassPath', sparkConf);
  const java = javaOptions(sparkConf, environment.javaOpts);
  const heap = heapOf(sparkConf, java.heapOptions, input.memoryBytes);
  const hadoop = hadoopFolders(environment);
  const faults = [
    ...homeFaults(input, jars),
    ...masterFaults(spark.master, hadoop.entries.length > 0),
    ...unsupportedSettings(sparkConf),
    ...missingResources(sparkConf),
    ...[extra, java, heap, hadoop].flatMap((part) => part.faults),
    ...javaFaults(environment.javaHome, java.options),
  ];
  if (faults.length > 0) throw startError(faults);
  return {
    options: [
      ...MODULE_OPTIONS,
      ...heap.options,
      ...systemProperties(input, sparkConf),
      ...memoryNoteOptions(input.tempDir),
      ...java.options,
      '-Xrs', // leaves the signals to Node
    ],
    classPath: [
      ...extra.entries,
      input.shimJar,
      ...(confDir === null ? [] : [confDir]),
      ...jars,
      ...hadoop.entries,
    ],
    sparkConf: { 'spark.driver.memory': DEFAULT_MEMORY, ...sparkConf, ...heap.settings },
    warnings: [
      ...defaults.warnings,
      ...masterWarnings(defaults.settings, spark.master),
      ...settingsWithoutEffect(sparkConf),
      ...heap.warnings,
      ...scriptWarnings(confDir),
    ],
  };
};

const startError = (faults: readonly string[]): DriverStartError =>
  new DriverStartError(
    `The driver cannot start with these settings:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
  );

const homeFaults = ({ spark, shimJar }: JvmLaunchInput, jars: readonly string[]) => [
  ...(jars.some((jar) => /\/spark-core_[^/]*\.jar$/.test(jar))
    ? []
    : [`spark.home: ${spark.home} holds no Spark: there is no jars/spark-core_*.jar`]),
  ...(existsSync(shimJar) ? [] : [`${shimJar} is not there: run bin/setup`]),
];

/** spark.driver.* options, then JAVA_OPTS, so that the later wins; heap sizes apart. */
const javaOptions = (settings: Settings, javaOpts: string | null) => {
  const options: string[] = [];
  const faults: string[] = [];
  const heapOptions: string[] = [];
  const take = (source: string, line: string | undefined, ofSpark: boolean): void => {
    try {
      const taken = embeddedOptions(source, splitOptions(line ?? ''));
      faults.push(...taken.faults);
      for (const option of taken.options) {
        if (!/^-(Xmx|XX:MaxHeapSize=|XX:MaxRAMPercentage=)/.test(option)) options.push(option);
        else if (ofSpark) faults.push(`${source}: ${option} belongs in spark.driver.memory`);
        else heapOptions.push(option);
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      faults.push(`${source}: ${error.message}`);
    }
  };
  for (const key of ['spark.driver.defaultJavaOptions', 'spark.driver.extraJavaOptions']) {
    take(key, settings[key], true);
  }
  take('JAVA_OPTS', javaOpts ?? undefined, false);
  return { options, faults, heapOptions };
};

const NO_HEAP = { options: [], settings: {}, warnings: [] };

/** One place says how large the heap is: spark.driver.memory, or -Xmx in JAVA_OPTS. */
const heapOf = (settings: Settings, heapOptions: readonly string[], machineBytes: number) => {
  const asked = settings['spark.driver.memory'];
  const [option, ...more] = heapOptions;
  if (option !== undefined && (asked !== undefined || more.length > 0)) {
    const said = [...heapOptions.map((each) => `JAVA_OPTS: ${each}`)];
    if (asked !== undefined) said.push(`spark.driver.memory: ${asked}`);
    return { ...NO_HEAP, faults: [`the heap is given more than once (${said.join(', ')})`] };
  }
  const text = option?.replace(/^-Xmx|^-XX:MaxHeapSize=/, '') ?? asked ?? DEFAULT_MEMORY;
  const bytes = parseMemory(text);
  if (bytes === null) {
    const source = option === undefined ? `spark.driver.memory: ${text}` : `JAVA_OPTS: ${option}`;
    return { ...NO_HEAP, faults: [`${source} is not a size like 512m or 4g`] };
  }
  const { fault, warning } = judgeHeap(bytes, machineBytes);
  const mebibytes = `${Math.floor(bytes / MIB)}m`;
  return {
    options: [`-Xmx${mebibytes}`],
    // What Spark's own pages show as the driver's memory.
    settings: option === undefined ? {} : { 'spark.driver.memory': mebibytes },
    faults: fault === null ? [] : [fault],
    warnings: warning === null ? [] : [warning],
  };
};

const hadoopFolders = (environment: HostEnvironment) => {
  const entries: string[] = [];
  const faults: string[] = [];
  const named = [
    ['HADOOP_CONF_DIR', environment.hadoopConfDir],
    ['YARN_CONF_DIR', environment.yarnConfDir],
  ] as const;
  for (const [name, folder] of named) {
    if (folder === null) continue;
    if (isFolder(folder)) entries.push(folder);
    else faults.push(`${name}: there is no folder ${folder}`);
  }
  return { entries: [...new Set(entries)], faults };
};

const systemProperties = (input: JvmLaunchInput, settings: Settings): readonly string[] => {
  const libraries = settings['spark.driver.extraLibraryPath'];
  const logFile = resolve(input.log.folder, `log4j2-${input.log.format}.xml`);
  return [
    '-Dfile.encoding=UTF-8',
    '-Djava.awt.headless=true',
    ...(input.tempDir === null ? [] : [`-Djava.io.tmpdir=${input.tempDir}`]),
    ...(libraries === undefined ? [] : [`-Djava.library.path=${libraries}:${SYSTEM_LIBRARIES}`]),
    `-Dlog4j2.configurationFile=${logFile}`,
    ...logLevels(input.log.level),
    `-Dlibra.log.plain=${!input.log.color}`,
  ];
};

const masterWarnings = (defaults: Settings, master: string): readonly string[] => {
  const other = defaults['spark.master'];
  return other === undefined || other === master
    ? []
    : [`spark.master is ${master}, as Libra is configured; spark-defaults.conf says ${other}`];
};

const scriptWarnings = (confDir: string | null): readonly string[] => {
  const script = confDir === null ? null : join(confDir, 'spark-env.sh');
  return script !== null && existsSync(script)
    ? [`${script} is not read: set its variables in the environment of the server`]
    : [];
};
