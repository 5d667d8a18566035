import { lstat, readlink } from 'node:fs/promises';

export interface Traced {
  /** Absolute, without links, `.` or `..`. */
  readonly path: string;
  readonly exists: boolean;
}

const MOST_LINKS = 40;

/**
 * Where a path leads, in the way of the kernel: link by link, so that `link/..` is the parent of
 * what the link points to. Unlike realpath it also says where a path would lie that is not there:
 * whether a place is allowed must not depend on what exists there.
 */
export const trace = async (absolute: string): Promise<Traced> => {
  let at = '';
  let exists = true;
  let links = 0;
  const left = partsOf(absolute).reverse();
  for (let part = left.pop(); part !== undefined; part = left.pop()) {
    if (part === '..') {
      at = at.slice(0, Math.max(0, at.lastIndexOf('/')));
      continue;
    }
    const next = `${at}/${part}`;
    const target: string | boolean = exists ? await linkAt(next) : false;
    if (typeof target === 'string') {
      links += 1;
      if (links > MOST_LINKS) return { path: next, exists: false };
      if (target.startsWith('/')) at = '';
      left.push(...partsOf(target).reverse());
      continue;
    }
    exists = exists && target;
    at = next;
  }
  return { path: at === '' ? '/' : at, exists };
};

const partsOf = (path: string): string[] =>
  path.split('/').filter((part) => part !== '' && part !== '.');

/** The target of a link, or whether there is anything. */
const linkAt = async (path: string): Promise<string | boolean> => {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : true;
  } catch {
    // Not there, below a file, or not for us to look at: all the same to whoever asks.
    return false;
  }
};

/** Whether a traced path is the folder or lies in it. */
export const isWithin = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
