import type { Env } from './entries.ts';
import type { HostEnvironment } from './schema.ts';

/** What Java, Hadoop and Spark are told by variables of their own; an empty one counts as not set. */
export const hostEnvironment = (env: Env): HostEnvironment => {
  const read = (name: string): string | null => env[name] || null;
  return {
    javaHome: read('JAVA_HOME'),
    hadoopConfDir: read('HADOOP_CONF_DIR'),
    yarnConfDir: read('YARN_CONF_DIR'),
    sparkConfDir: read('SPARK_CONF_DIR'),
    javaOpts: read('JAVA_OPTS'),
    pysparkPython: read('PYSPARK_PYTHON'),
    path: read('PATH'),
    home: read('HOME'),
    underNpm: env.npm_lifecycle_event === 'start',
    supervisor: env.LIBRA_SUPERVISOR ? Number(env.LIBRA_SUPERVISOR) : null,
    lastEnd: read('LIBRA_LAST_END'),
  };
};
