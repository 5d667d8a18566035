import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

export const ROOT = resolve(import.meta.dirname, '../..');
const EXAMPLES = join(ROOT, 'examples');

/** As the documents name it: relative to the folder in which the server is started. */
export const JAR = 'examples/target/libra-examples.jar';

/** One program in three languages, with what it prints or how it fails. */
export interface Example {
  readonly name: string;
  readonly python: string;
  /** Where the program writes to is made for each run. */
  readonly args: (output: string) => readonly string[];
  readonly prints: RegExp;
  readonly exitCode: number;
}

export const EXAMPLES_BY_NAME: readonly Example[] = [
  {
    name: 'WordCount',
    python: 'word_count.py',
    args: () => [join(EXAMPLES, 'data/words.txt')],
    prints: /^the: 8\nsea: 4\na: 3\nand: 3\ndark: 2\n(\w+: \d\n){7}$/,
    exitCode: 0,
  },
  {
    name: 'MonteCarloPi',
    python: 'monte_carlo_pi.py',
    args: () => ['4', '50000'],
    prints: /^15\d{4} of 200000 points\npi is roughly 3\.1\d{3}\n$/,
    exitCode: 0,
  },
  {
    name: 'SalesEtl',
    python: 'sales_etl.py',
    args: (output) => [join(EXAMPLES, 'data/sales.csv'), output, '2025-02-01'],
    prints: /^AT: 3 sales, 1139\.50\nCH: 2 sales, 297\.00\nDE: 2 sales, 469\.50\n$/,
    exitCode: 0,
  },
  {
    name: 'QualityGate',
    python: 'quality_gate.py',
    args: () => [join(EXAMPLES, 'data/sales.csv')],
    prints: /^2 of 14 sales cannot be used\n$/,
    exitCode: 3,
  },
  {
    name: 'StopAndGoOn',
    python: 'stop_and_go_on.py',
    args: () => [],
    prints: /^Spark counted 500 even numbers\nstill here after spark\.stop\(\)\n$/,
    exitCode: 0,
  },
];

export const mainClass = (language: 'Java' | 'Scala', { name }: Example): string =>
  `com.whereq.libra.examples.${language}${name}`;

export const pythonFile = ({ python }: Example): string => `examples/python/${python}`;

export const pythonText = (example: Example): string =>
  readFileSync(join(ROOT, pythonFile(example)), 'utf8');

/** Builds the jar when a source is newer; `bin/setup --test` has done so already. */
export const buildExamples = async (): Promise<void> => {
  const built = modified(join(ROOT, JAR));
  const sources = ['pom.xml', ...filesBelow('java'), ...filesBelow('scala')];
  if (sources.every((file) => modified(join(EXAMPLES, file)) <= built)) return;
  await promisify(execFile)('mvn', ['-q', '-B', '-f', join(EXAMPLES, 'pom.xml'), 'package']);
};

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(join(EXAMPLES, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
    join(folder, file),
  );

const modified = (file: string): number => {
  const stat = statSync(file, { throwIfNoEntry: false });
  // A folder's time changes with every editor's scratch file.
  return stat?.isFile() ? stat.mtimeMs : 0;
};
