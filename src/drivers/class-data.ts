import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import type { LibraConfig } from '../config/schema.ts';
import { isFolder } from './spark-home.ts';

/**
 * Class data: an archive from which a JVM maps Spark's classes into memory, in place of loading and
 * checking ten thousand of them one by one. It halves the time until a driver answers.
 */

/** Where the archives lie; null where there shall be none. */
export const classDataFolder = ({ libra, projectRoot }: LibraConfig): string | null => {
  const { classData } = libra.driver;
  if (classData === 'off') return null;
  if (classData !== 'auto') return resolve(classData);
  const own = join(projectRoot, '.spark', 'class-data');
  try {
    mkdirSync(own, { recursive: true });
    accessSync(own, constants.W_OK);
    return own;
  } catch {
    // An image may hold archives that nobody can add to.
    return existsSync(own) && readdirSync(own).length > 0 ? own : join(libra.dataDir, 'class-data');
  }
};

/**
 * Where the archive of exactly this JDK and class path belongs, made or not. Null where there can be
 * none: the JDK is not known, or the class path holds a folder.
 */
export const archiveOf = (
  host: 'embedded' | 'child',
  classPath: readonly string[],
  javaHome: string | null,
  folder: string,
): string | null => {
  const release = javaHome === null ? null : join(javaHome, 'release');
  if (release === null || !existsSync(release) || classPath.some(isFolder)) return null;
  const hash = createHash('sha256').update(readFileSync(release)).update(process.arch);
  for (const entry of classPath) {
    const { size, mtimeMs } = statSync(entry);
    hash.update(`${entry}\0${size}\0${mtimeMs}\0`);
  }
  return join(folder, `${host}-${hash.digest('hex').slice(0, 16)}.jsa`);
};

/** For a JVM that maps the archive. Never a reason not to start: one that does not fit is left out. */
export const mappingOptions = (archive: string): readonly string[] => [
  `-XX:SharedArchiveFile=${archive}`,
  '-Xshare:auto',
  '-Xlog:cds=off',
  '-Xlog:class+path=off',
];

/** For a JVM that writes the archive into this file when it ends. */
export const recordingOptions = (file: string): readonly string[] => [
  `-XX:ArchiveClassesAtExit=${file}`,
  '-Xlog:cds=off',
];
