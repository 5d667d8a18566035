import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { commandOf } from './process-tree.ts';

/** A process that belongs to a driver in a process of its own. */
export interface DriverProcess {
  readonly pid: number;
  /** The folder of the driver. */
  readonly folder: string;
  /** The driver itself, and not something that it has started. */
  readonly isJvm: boolean;
}

const MARK = '\0LIBRA_DRIVER=';

/** Whatever carries the mark of a driver whose folder lies below this one. */
export const driverProcesses = (below: string): readonly DriverProcess[] => {
  const root = path.join(below, path.sep);
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => ({ pid: Number(entry), folder: markOf(Number(entry)) }))
    .filter(({ folder }) => `${folder}${path.sep}`.startsWith(root))
    .map(({ pid, folder }) => ({
      pid,
      folder,
      isJvm: / com\.whereq\.libra\.driver\.child\.ChildMain /.test(`${commandOf(pid)} `),
    }));
};

/** Of the resident memory what counts for these alone where pages are shared, in bytes. */
export const memoryOf = (
  processes: readonly DriverProcess[],
): { readonly jvm: number; readonly all: number } => {
  const sum = (some: readonly DriverProcess[]): number =>
    some.reduce((bytes, { pid }) => bytes + shareOf(pid), 0);
  return { jvm: sum(processes.filter(({ isJvm }) => isJvm)), all: sum(processes) };
};

const markOf = (pid: number): string => {
  try {
    const environment = `\0${readFileSync(`/proc/${pid}/environ`, 'utf8')}`;
    const from = environment.indexOf(MARK);
    if (from < 0) return '';
    return environment.slice(from + MARK.length, environment.indexOf('\0', from + MARK.length));
  } catch {
    return '';
  }
};

const shareOf = (pid: number): number => {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
};
