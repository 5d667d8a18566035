import type { Env } from './entries.ts';
import type { HostEnvironment } from './schema.ts';

/**
 * The address that Spark tells others of this machine where nobody says it: on Kubernetes that of the
 * pod, because pods have no names that executors could look up.
 */
const OF_EVERY_DRIVER = ['SPARK_LOCAL_HOSTNAME'];

/** What Java, Hadoop and Spark are told by variables of their own; an empty one counts as not set. */
export const hostEnvironment = (env: Env, forDrivers: readonly string[]): HostEnvironment => {
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
    forDrivers: Object.fromEntries(
      [...OF_EVERY_DRIVER, ...forDrivers].flatMap((name) =>
        env[name] ? [[name, env[name]] as const] : [],
      ),
    ),
    underNpm: env.npm_lifecycle_event === 'start',
    supervisor: env.LIBRA_SUPERVISOR ? Number(env.LIBRA_SUPERVISOR) : null,
    lastEnd: read('LIBRA_LAST_END'),
  };
};
