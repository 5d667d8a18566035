import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** Spark's own jars in a stable order: the JVM takes the first of two equal classes. */
export const sparkJars = (home: string): readonly string[] => {
  const jars = join(home, 'jars');
  return isFolder(jars) ? jarsOf(jars) : [];
};

/** What the class path entry `folder/*` stands for; only the java launcher expands it. */
export const jarsOf = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => /\.jar$/i.test(name))
    .sort()
    .map((name) => join(folder, name));

/** Where spark-defaults.conf, hive-site.xml and the like are; null where Spark has no such folder. */
export const sparkConfDir = (home: string, named: string | null): string | null => {
  const folder = named ?? join(home, 'conf');
  return existsSync(folder) ? folder : null;
};
