import { execFile } from 'node:child_process';
import { delimiter } from 'node:path';
import { z } from 'zod';

const answerSchema = z.object({
  version: z.array(z.number()),
  executable: z.string(),
  pyspark: z.string().nullable(),
  py4j: z.boolean(),
  missing: z.record(z.string(), z.string()),
  pandas: z.boolean(),
  pyarrow: z.boolean(),
});

/** What a Python says of itself. */
export type PythonAnswer = z.infer<typeof answerSchema>;

export interface PythonQuestion {
  readonly executable: string;
  readonly script: string;
  readonly path: readonly string[];
  readonly packages: readonly string[];
  /** Where names of executables and its libraries are looked up. */
  readonly environment: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 30_000;

/** Runs the Python once; a text says why it could not be asked. */
export const askPython = (question: PythonQuestion): Promise<PythonAnswer | string> =>
  new Promise((resolve) => {
    const env = { ...question.environment, PYTHONPATH: question.path.join(delimiter) };
    execFile(
      question.executable,
      [question.script, ...question.packages],
      { env, timeout: TIMEOUT_MS, encoding: 'utf8' },
      (error, stdout, stderr) => {
        if (error === null) return resolve(read(stdout));
        if (error.code === 'ENOENT') return resolve('there is no such executable');
        if (error.killed) return resolve(`it did not answer within ${TIMEOUT_MS / 1000} s`);
        resolve(stderr.trim().split('\n').at(-1) || error.message);
      },
    );
  });

const read = (stdout: string): PythonAnswer | string => {
  try {
    return answerSchema.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
  } catch {
    return 'it did not answer as a Python would';
  }
};
