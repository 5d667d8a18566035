import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isFolder, jarsOf } from './spark-home.ts';

type Settings = Readonly<Record<string, string>>;

const LISTS = ['spark.jars', 'spark.files', 'spark.archives', 'spark.submit.pyFiles'] as const;

/** The members of a comma-separated list, as Spark takes them apart. */
const membersOf = (list: string | undefined): readonly string[] =>
  (list ?? '')
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');

/** A local path, or null for what Spark fetches from elsewhere or looks up by a pattern. */
const localPath = (member: string): string | null => {
  const bare = member.replace(/#[^#/]*$/, '');
  if (/^(file|local):/i.test(bare)) return fileUrlPath(bare);
  if (/^[a-z][a-z0-9+.-]*:/i.test(bare)) return null;
  return /[*?[{]/.test(bare) ? null : resolve(bare);
};

const fileUrlPath = (url: string): string | null => {
  const path = url.replace(/^(file|local):(\/\/(?=\/))?/i, 'file://');
  try {
    return /[*?[{]/.test(url) ? null : fileURLToPath(path);
  } catch {
    return url;
  }
};

/** Local files that `spark.jars` and its like name. */
export const localResources = (settings: Settings): readonly string[] =>
  LISTS.flatMap((key) => membersOf(settings[key]).map(localPath)).filter((path) => path !== null);

/** Local files of `spark.jars` and its like that are not there. */
export const missingResources = (settings: Settings): readonly string[] =>
  LISTS.flatMap((key) =>
    membersOf(settings[key]).flatMap((member) => {
      const path = localPath(member);
      return path === null || existsSync(path) ? [] : [`${key}: there is no file ${member}`];
    }),
  );

export interface ClassPathEntries {
  readonly entries: readonly string[];
  readonly faults: readonly string[];
}

/** A class path as written in a setting, `folder/*` expanded; entries that are missing are faults. */
export const classPathOf = (key: string, settings: Settings): ClassPathEntries => {
  const entries: string[] = [];
  const faults: string[] = [];
  for (const entry of (settings[key] ?? '').split(':').filter((part) => part !== '')) {
    const folder = /^(.*)\/\*$/.exec(entry)?.[1];
    if (folder !== undefined && isFolder(folder)) entries.push(...jarsOf(folder));
    else if (folder === undefined && existsSync(entry)) entries.push(entry);
    else faults.push(`${key}: there is no ${entry}`);
  }
  return { entries, faults };
};
