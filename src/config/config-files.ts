import { readdirSync, readFileSync, statSync } from 'node:fs';

/** The few things that loading a configuration asks of a file system. */
export interface ConfigFiles {
  /** The text, or null when there is no such file; throws when it cannot be read. */
  read(path: string): string | null;
  /** Names in a folder; empty when there is none. */
  list(folder: string): readonly string[];
  /** The permission bits, or null when there is no such file. */
  mode(path: string): number | null;
}

const unlessMissing = <T, M>(read: () => T, missing: M): T | M => {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return missing;
    throw error;
  }
};

export const diskFiles: ConfigFiles = {
  read: (path) => unlessMissing(() => readFileSync(path, 'utf8'), null),
  list: (folder) => unlessMissing(() => readdirSync(folder), []),
  mode: (path) => unlessMissing(() => statSync(path).mode & 0o777, null),
};
