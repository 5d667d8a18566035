import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** All processes below one, as Linux knows them: its children, and theirs. */
export const descendants = (pid: number): readonly number[] => {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = parentOf(Number(entry));
    if (parent === null) continue;
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const found: number[] = [];
  const left = [pid];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    for (const child of children.get(next) ?? []) {
      found.push(child);
      left.push(child);
    }
  }
  return found;
};

/** Processes whose command line or working directory names the text, wherever they hang. */
export const processesNaming = (text: string): readonly number[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .map(Number)
    .filter((pid) => commandOf(pid).includes(text) || folderOf(pid).includes(text));

/** Living processes with a variable in their environment that begins so, as they were started. */
export const processesMarked = (prefix: string): readonly number[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      try {
        const environment = readFileSync(`/proc/${entry}/environ`, 'latin1');
        return `\0${environment}`.includes(`\0${prefix}`);
      } catch {
        return false;
      }
    })
    .map(Number);

export const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
};

export const threadsOf = (pid: number): number => readdirSync(`/proc/${pid}/task`).length;

/** Every file and folder below, relative to it. */
export const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: false })
    .map((name) => join(name))
    .sort();

const folderOf = (pid: number): string => {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
};

const parentOf = (pid: number): number | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
};
