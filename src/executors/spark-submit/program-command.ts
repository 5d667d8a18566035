import { extname, join } from 'node:path';
import type { Execution } from '../executor.ts';

export interface ProgramPaths {
  readonly sparkHome: string;
  readonly folder: string;
}

/** Names of these that lie in the folder of the attempt. */
export const PROPERTIES = 'program.conf';
export const CODE = 'program.py';

/** A reason why spark-submit cannot run the program as it is. */
export class NotSubmittable extends Error {}

/**
 * The command line. spark-submit is a shell script that passes its arguments on as they are; what
 * is secret stands in the properties file alone.
 */
export const programCommand = (execution: Execution, paths: ProgramPaths): readonly string[] => {
  const { request } = execution;
  if (request.args.some((arg) => arg.includes('\r'))) {
    throw new NotSubmittable('spark-submit drops carriage returns from arguments');
  }
  const mainClass = request.mainClass;
  return [
    join(paths.sparkHome, 'bin', 'spark-submit'),
    '--properties-file',
    join(paths.folder, PROPERTIES),
    ...(mainClass === null ? [] : ['--class', mainClass]),
    resourceOf(execution, paths.folder),
    ...request.args,
  ];
};

/** What a path may hold so that Spark does not read it as a URI with a fragment or a pattern. */
const PLAIN_PATH = /^[\w./@+=~ -]+$/;

/** A local file whose name Spark would misread, and the name in the folder that stands for it. */
export const aliasOf = ({ request, program }: Execution): string | null => {
  if (program === null || !program.local) return null;
  const extension = request.kind === 'python-file' ? '.py' : '.jar';
  // Spark tells Python from Java by the end of the name.
  const readsRight =
    request.kind === 'python-file'
      ? extname(program.location) === extension
      : !/[.](py|R|r)$/.test(program.location);
  return readsRight && PLAIN_PATH.test(program.location) ? null : `resource${extension}`;
};

const resourceOf = (execution: Execution, folder: string): string => {
  const { request, program } = execution;
  if (request.kind === 'python') return join(folder, CODE);
  if (program === null) throw new NotSubmittable('the file of the program is gone');
  const alias = aliasOf(execution);
  if (alias !== null) return join(folder, alias);
  if (request.kind === 'python-file' && !program.location.endsWith('.py')) {
    throw new NotSubmittable(`the name of a Python file ends with .py: ${program.location}`);
  }
  return program.location;
};
