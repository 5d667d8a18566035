import type { DriverMaker, MadeDriver } from '../driver.ts';
import { GuardedDriver } from '../guarded-driver.ts';
import { judgeHeap, MIB, parseMemory } from '../heap-size.ts';
import { splitOptions } from '../java-options.ts';
import { masterFaults, unsupportedSettings } from '../launch-limits.ts';
import { classPathOf, missingResources } from '../spark-resources.ts';
import { ChildDriver } from './child-driver.ts';
import type { ChildOptions } from './options.ts';

type Settings = Readonly<Record<string, string>>;

const DEFAULT_MEMORY = '1g';
/** As Spark reckons for drivers in containers: code, threads and network buffers. */
const LEAST_OVERHEAD = 384 * MIB;
const OVERHEAD = 0.1;
/** Interpreters and workers of Python. */
const PYTHON = 256 * MIB;

/** Makes drivers that spark-submit starts, each in a process of its own. */
export class ChildMaker implements DriverMaker {
  readonly most: number | null;
  readonly #options: ChildOptions;

  constructor(options: ChildOptions) {
    this.#options = options;
    this.most = options.users?.count ?? null;
  }

  faults(settings: Settings): readonly string[] {
    const whole = { ...this.#options.sparkConf, ...settings };
    const { hadoopConfDir, yarnConfDir } = this.#options.environment;
    return [
      ...masterFaults(whole['spark.master'] ?? '', (hadoopConfDir ?? yarnConfDir) !== null),
      ...unsupportedSettings(settings),
      ...this.#heapFaults(settings),
      ...optionFaults(settings),
      ...missingResources(settings),
      ...classPathOf('spark.driver.extraClassPath', settings).faults,
    ];
  }

  memoryBytes(settings: Settings): number {
    const heap = parseMemory(memoryIn(settings) ?? memoryIn(this.#options.sparkConf) ?? '');
    const bytes = heap ?? (parseMemory(DEFAULT_MEMORY) as number);
    return bytes + Math.max(LEAST_OVERHEAD, Math.ceil(bytes * OVERHEAD)) + PYTHON;
  }

  make(settings: Settings): MadeDriver {
    const driver = new GuardedDriver(new ChildDriver(this.#options, settings));
    return {
      driver,
      start: async () => driver.start(await this.#options.config()),
    };
  }

  #heapFaults(settings: Settings): readonly string[] {
    const asked = memoryIn(settings);
    if (asked === undefined) return [];
    const bytes = parseMemory(asked);
    if (bytes === null) return ['spark.driver.memory is not a size like 512m or 4g'];
    const { fault } = judgeHeap(bytes, this.#options.machineBytes);
    return fault === null ? [] : [fault];
  }
}

const memoryIn = (settings: Settings): string | undefined => settings['spark.driver.memory'];

const optionFaults = (settings: Settings): readonly string[] =>
  ['spark.driver.defaultJavaOptions', 'spark.driver.extraJavaOptions'].flatMap((key) => {
    try {
      const options = splitOptions(settings[key] ?? '');
      return options.some((option) => option.startsWith('-Xmx'))
        ? [`${key}: the heap belongs in spark.driver.memory`]
        : [];
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return [`${key}: ${error.message}`];
    }
  });
