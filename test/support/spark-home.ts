import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The Spark that bin/setup has put into the repository, unless SPARK_HOME names another. */
export const sparkHome = (): string => {
  const given = process.env.SPARK_HOME;
  if (given !== undefined && given !== '') return given;
  const lib = resolve('.spark/venv/lib');
  for (const python of existsSync(lib) ? readdirSync(lib) : []) {
    const home = join(lib, python, 'site-packages/pyspark');
    if (existsSync(join(home, 'jars'))) return home;
  }
  throw new Error('No Spark: run bin/setup first');
};
