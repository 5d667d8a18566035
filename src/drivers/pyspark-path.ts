import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Where PySpark lies inside a Spark distribution: the package itself and the archive of Py4J. Spark
 * that pip has installed is the package already, and needs nothing.
 */
export const pysparkPath = (sparkHome: string): readonly string[] => {
  const python = join(sparkHome, 'python');
  const lib = join(python, 'lib');
  if (!existsSync(join(python, 'pyspark')) || !existsSync(lib)) return [];
  const py4j = readdirSync(lib).filter((name) => /^py4j-.*-src\.zip$/.test(name));
  return [python, ...py4j.map((name) => join(lib, name))];
};
