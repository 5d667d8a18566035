import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { LibraConfig } from '../../config/schema.ts';
import { archiveOf, mappingOptions, recordingOptions } from '../class-data.ts';
import type { JvmLaunch } from './native.ts';

/** node-java's own classes, which it puts on the class path as a folder. */
export const bridgeFolder = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('java/package.json')), 'src-java');

/** The same as a jar: an archive of class data cannot be made with a folder on the class path. */
export const bridgeJar = (folder: string): string => join(folder, 'node-java.jar');

/** Where the archive for this launch belongs, made or not; null where there can be none. */
export const embeddedArchive = (
  { environment }: Pick<LibraConfig, 'environment'>,
  { classPath }: JvmLaunch,
  folder: string,
): string | null => archiveOf('embedded', classPath, environment.javaHome, folder);

/** The launch with the archive where that has been made, otherwise the launch as it is. */
export const withClassData = <L extends JvmLaunch>(
  launch: L,
  archive: string | null,
  folder: string,
): L => {
  const bridge = bridgeJar(folder);
  return archive !== null && existsSync(archive) && existsSync(bridge)
    ? { ...launch, bridge, options: [...launch.options, ...mappingOptions(archive)] }
    : launch;
};

/** The launch that writes the archive when its JVM ends, into `file`. */
export const recordingClassData = (launch: JvmLaunch, folder: string, file: string): JvmLaunch => ({
  classPath: launch.classPath,
  bridge: bridgeJar(folder),
  options: [...launch.options, ...recordingOptions(file)],
});
