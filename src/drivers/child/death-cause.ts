import { readTail } from '../../processes/log-tail.ts';
import type { Exit } from './child-process.ts';

const LOOKED_THROUGH = 64 * 1024;
const MOST_LINES = 8;
const LONGEST_LINE = 300;
/** The JVM says so with -XX:+ExitOnOutOfMemoryError. */
const OUT_OF_MEMORY = /^Terminating due to java\.lang\.OutOfMemoryError.*$/m;
const OUT_OF_MEMORY_CODE = 3;
/** A JVM that was asked to end by a signal answers with 128 and its number. */
const BY_SIGNAL = new Map([
  [129, 'SIGHUP'],
  [130, 'SIGINT'],
  [134, 'SIGABRT'],
  [137, 'SIGKILL'],
  [143, 'SIGTERM'],
]);

export interface Death {
  readonly exit: Exit;
  /** Why it was killed; null when it died by itself. */
  readonly killedFor: string | null;
  /** The newest part of its log. */
  readonly log: string;
}

/** Why a driver process is gone, in words, with the last lines of its log. */
export const deathCause = (death: Death): string => {
  const lines = lastLines(death.log);
  const tail = lines.length === 0 ? '' : `\nThe last lines of its log:\n${lines.join('\n')}`;
  return `${reasonOf(death)}${tail}`;
};

const reasonOf = ({ exit, killedFor, log }: Death): string => {
  if (killedFor !== null) return `The driver process ${killedFor} and was killed`;
  const outOfMemory = OUT_OF_MEMORY.exec(log)?.[0];
  if (outOfMemory !== undefined && exit.code === OUT_OF_MEMORY_CODE) {
    return `The driver process ran out of memory: ${outOfMemory} (exit code ${exit.code})`;
  }
  if (exit.signal === 'SIGKILL') {
    return 'The driver process was killed by SIGKILL: by somebody, or by a system that ran out of memory';
  }
  if (exit.signal !== null) return `The driver process was killed by ${exit.signal}`;
  const name = BY_SIGNAL.get(exit.code ?? 0);
  return `The driver process ended with exit code ${exit.code}${name === undefined ? '' : ` (${name})`}`;
};

const STACK = /^\s+(at |\.\.\. \d+ more|Suppressed:)/;
/** What every JVM of Spark says at its start. */
const USUAL = /^WARNING: Using incubator modules: /;

/** What helps of the log's end: no stack traces, none of it long. */
export const lastLines = (log: string, most = MOST_LINES): readonly string[] =>
  log
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && !STACK.test(line) && !USUAL.test(line))
    .slice(-most)
    .map((line) => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line));

/** Of the log's end the lines that say what went wrong and are not in the message yet. */
export const withComplaints = (message: string, log: string): string => {
  const complaints = log
    .split('\n')
    .filter((line) => COMPLAINT.test(line) && !OURS.test(line))
    .map((line) => line.replace(COMPLAINT, '').trim())
    .filter((line) => !message.includes(line));
  const lines = lastLines([...new Set(complaints)].join('\n'));
  return lines.length === 0 ? message : `${message}\nIts log says:\n${lines.join('\n')}`;
};

const COMPLAINT = /^\d\d\/\d\d\/\d\d \d\d:\d\d:\d\d (WARN|ERROR|FATAL) /;
const OURS = / (SparkSupervisor|ChildMain): /;

/** The newest part of a log that may have been continued in a second file. */
export const logEnd = async (file: string): Promise<string> => {
  const newest = await readTail(file, 0, LOOKED_THROUGH).catch(() => '');
  if (newest.length > LOOKED_THROUGH / 2) return newest;
  const former = await readTail(`${file}.1`, 0, LOOKED_THROUGH / 2).catch(() => '');
  return former + newest;
};
