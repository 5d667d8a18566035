import { constants } from 'node:os';
import type { JobError, JobOutcome } from '../../domain/job.ts';
import { jobError } from '../../domain/job-error.ts';
import { type Part, readHead, readTail } from '../../processes/log-tail.ts';
import type { PythonFailure } from './program-folder.ts';

const INLINE_BYTES = 1024 * 1024;
const LOOKED_AT = 64 * 1024;
const MOST_SHOWN = 16 * 1024;

export interface ProgramOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly start: { readonly stdout: number; readonly stderr: number };
}

export interface ProgramEnd {
  readonly exitCode: number;
  readonly output: ProgramOutput;
  /** What the user knows the program by, for messages. */
  readonly location: string | null;
  readonly failure: PythonFailure | null;
}

export const succeeded = async ({ stdout, start }: ProgramOutput): Promise<JobOutcome> => {
  const printed: Part = await readHead(stdout, start.stdout, INLINE_BYTES);
  return {
    state: 'SUCCESS',
    result: {
      text: printed.text,
      columns: null,
      rowCount: null,
      truncated: !printed.whole,
      complete: true,
      byteCount: 0,
    },
  };
};

export const lost = (message: string): JobOutcome => ({
  state: 'LOST',
  error: jobError('PROGRAM_DIED', message, true),
});

export const failed = (error: JobError): JobOutcome => ({ state: 'FAILED', error });

/** What an exit code, and what was printed last, tell of the end. */
export const outcomeOfExit = async (end: ProgramEnd): Promise<JobOutcome> => {
  const { exitCode, output, failure } = end;
  if (exitCode === 0) return succeeded(output);
  if (failure !== null) return failed(pythonError(failure));
  const stderr = await readTail(output.stderr, output.start.stderr, LOOKED_AT);
  const notStarted = startFault(stderr, end);
  if (notStarted !== null) return failed(notStarted);
  const signal = signalOf(exitCode);
  // spark-submit joins both streams of a Python file.
  const told =
    traceIn(stderr) ?? traceIn(await readTail(output.stdout, output.start.stdout, LOOKED_AT));
  const said = told ?? lastLines(stderr);
  if (signal !== null) {
    return failed({
      ...jobError('PROGRAM_DIED', withTrace(`The program died of ${signal}`, said)),
      hint: signal === 'SIGKILL' ? OUT_OF_MEMORY : null,
    });
  }
  return failed(jobError('PROGRAM_EXITED', withTrace(`The program exited with ${exitCode}`, said)));
};

const OUT_OF_MEMORY =
  'Mostly the machine or the container had no memory left: ask for less with spark.driver.memory, or give it more.';

const pythonError = ({ syntax, message, trace }: PythonFailure): JobError =>
  syntax === null
    ? jobError('PROGRAM_FAILED', withTrace(message, trace ?? ''))
    : {
        ...jobError('PROGRAM_SYNTAX', message),
        position: { line: syntax.line, column: syntax.column, fragment: syntax.text },
      };

/** Shells and Java answer 128 and the number of the signal. */
const signalOf = (exitCode: number): string | null => {
  const number = exitCode - 128;
  const named = Object.entries(constants.signals).find(([, value]) => value === number);
  return exitCode > 128 && named !== undefined ? named[0] : null;
};

const NO_CLASS = 101;

/** What spark-submit says when it has not come to the program. */
const startFault = (stderr: string, { exitCode, location }: ProgramEnd): JobError | null => {
  const file = location ?? 'the program';
  const missing = /^Error: Failed to load class (.+?)\.?$/m.exec(stderr)?.[1];
  if (exitCode === NO_CLASS && missing !== undefined) {
    return jobError('MAIN_NOT_FOUND', `There is no class ${missing} in ${file}`);
  }
  const noMain = /NoSuchMethodException: (\S+)\.main\(\[Ljava[./]lang[./]String;\)/.exec(
    stderr,
  )?.[1];
  if (noMain !== undefined) {
    return jobError('MAIN_NOT_FOUND', `The class ${noMain} in ${file} has no main(String[] args)`);
  }
  if (/The main method in the given main class must be static/.test(stderr)) {
    return jobError('MAIN_NOT_FOUND', `The main method of the class in ${file} is not static`);
  }
  if (/No main class set in JAR|Cannot load main class from JAR/.test(stderr)) {
    return jobError(
      'MAIN_NOT_FOUND',
      `The manifest of ${file} names no main class: send it as mainClass`,
    );
  }
  if (exitCode === 126 || exitCode === 127) {
    return jobError(
      'PROGRAM_NOT_STARTED',
      withTrace('spark-submit could not run', lastLines(stderr)),
    );
  }
  return null;
};

const LOG_LINE = /^\d\d\/\d\d\/\d\d \d\d:\d\d:\d\d (TRACE|DEBUG|INFO|WARN|ERROR|FATAL) /;
const TRACE = /^(Traceback \(most recent call last\):|Exception in thread ".*?" )/;

/** From the last trace on; null where there is none. */
const traceIn = (text: string): string | null => {
  const lines = text.split('\n');
  const begin = lines.findLastIndex((line) => TRACE.test(line));
  if (begin === -1) return null;
  const rest = lines.slice(begin);
  const end = rest.findIndex((line) => LOG_LINE.test(line));
  return bounded(rest.slice(0, end === -1 ? rest.length : end).join('\n'));
};

/** Of Spark's log what tells of no fault, and what Java says of each start. */
const CHATTER =
  /^\d\d\/\d\d\/\d\d \d\d:\d\d:\d\d (TRACE|DEBUG|INFO|WARN) |^WARNING: Using incubator modules/;
const LAST = 20;

const lastLines = (text: string): string =>
  bounded(
    text
      .trimEnd()
      .split('\n')
      .filter((line) => !CHATTER.test(line))
      .slice(-LAST)
      .join('\n'),
  );

const bounded = (text: string): string => {
  const trimmed = text.trim();
  return trimmed.length > MOST_SHOWN ? `…${trimmed.slice(-MOST_SHOWN)}` : trimmed;
};

const withTrace = (line: string, trace: string): string =>
  trace.trim() === '' ? line : `${line}\n\n${trace}`;
