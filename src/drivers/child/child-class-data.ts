import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SparkSurroundings } from '../../processes/spark-environment.ts';
import { archiveOf, mappingOptions } from '../class-data.ts';
import { sparkConfDir, sparkJars } from '../spark-home.ts';

/** The jar of the driver host, which stands on the class path of each child. */
export const hostJar = (projectRoot: string): string =>
  join(projectRoot, 'jvm-shim', 'target', 'libra-driver-host.jar');

/**
 * Where the archive for children belongs, made or not; null where there can be none. The class path
 * is that of a child without settings of its own: one with another does without.
 */
export const childArchive = (around: SparkSurroundings, folder: string): string | null => {
  const { sparkHome, environment, projectRoot } = around;
  const { javaHome, sparkConfDir: named, hadoopConfDir, yarnConfDir } = environment;
  const folders = [sparkConfDir(sparkHome, named), hadoopConfDir, yarnConfDir];
  const classPath = [
    hostJar(projectRoot),
    ...folders.filter((entry) => entry !== null),
    ...sparkJars(sparkHome),
  ];
  return archiveOf('child', classPath, javaHome, folder);
};

/** Options for a child that maps the archive, if it has been made by now. */
export const childMapping = (archive: string | null): readonly string[] =>
  archive !== null && existsSync(archive) ? mappingOptions(archive) : [];
