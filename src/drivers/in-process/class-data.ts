import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isFolder } from '../spark-home.ts';
import type { JvmLaunch } from './native.ts';

/** Files that let the JVM map Spark's classes into memory instead of loading them one by one. */
export interface ClassData {
  /** node-java's own classes as a jar: an archive cannot be made with a folder on the class path. */
  readonly bridge: string;
  readonly archive: string;
}

/** node-java's own classes, which it puts on the class path as a folder. */
export const bridgeFolder = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('java/package.json')), 'src-java');

/**
 * Where the class data of exactly this JDK and class path belongs, made or not. Null where there
 * can be none: the JDK is not known, or the class path holds a folder.
 */
export const classDataOf = (
  launch: JvmLaunch,
  javaHome: string | null,
  folder: string,
): ClassData | null => {
  const release = javaHome === null ? null : join(javaHome, 'release');
  if (release === null || !existsSync(release) || launch.classPath.some(isFolder)) return null;
  const hash = createHash('sha256').update(readFileSync(release)).update(process.arch);
  for (const entry of launch.classPath) {
    const { size, mtimeMs } = statSync(entry);
    hash.update(`${entry}\0${size}\0${mtimeMs}\0`);
  }
  const key = hash.digest('hex').slice(0, 16);
  return { bridge: join(folder, 'node-java.jar'), archive: join(folder, `${key}.jsa`) };
};

/** The launch with its class data where that has been made, otherwise the launch as it is. */
export const withClassData = <L extends JvmLaunch>(launch: L, data: ClassData | null): L => {
  if (data === null || !existsSync(data.archive) || !existsSync(data.bridge)) return launch;
  return {
    ...launch,
    bridge: data.bridge,
    // Never a reason not to start: an archive that does not fit is left out in silence.
    options: [
      ...launch.options,
      `-XX:SharedArchiveFile=${data.archive}`,
      '-Xshare:auto',
      '-Xlog:cds=off',
      '-Xlog:class+path=off',
    ],
  };
};

/** The launch that writes the archive when its JVM ends, into `file`. */
export const archivingClassData = (
  launch: JvmLaunch,
  data: ClassData,
  file: string,
): JvmLaunch => ({
  classPath: launch.classPath,
  bridge: data.bridge,
  options: [...launch.options, `-XX:ArchiveClassesAtExit=${file}`, '-Xlog:cds=off'],
});
