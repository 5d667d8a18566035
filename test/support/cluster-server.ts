import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import { ROOT } from './example-programs.ts';
import { ServerProcess } from './server-process.ts';

/**
 * A server with the profile `docker`, attached to this cluster. Nothing of the profile is changed
 * but names, addresses and ports, which are those of containers there.
 */
export const clusterServer = (
  cluster: Cluster,
  env: Readonly<Record<string, string>> = {},
  settings: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> =>
  ServerProcess.start({
    cwd: ROOT,
    env: {
      LIBRA_PROFILES: 'docker',
      SERVER_ADDRESS: '127.0.0.1',
      SPARK_MASTER: cluster.url,
      SPARK_DRIVER_HOST: '127.0.0.1',
      SPARK_AUTHENTICATE_SECRET: cluster.secret,
      SPARK_LOCAL_IP: '127.0.0.1',
      LIBRA_PYTHON_EXECUTABLE: join(ROOT, '.spark/venv/bin/python'),
      SPARK_CONFIG: JSON.stringify({
        'spark.driver.bindAddress': '127.0.0.1',
        'spark.driver.port': '0',
        'spark.driver.blockManager.port': '0',
        'spark.ui.port': '0',
        'spark.master.rest.port': cluster.restPort,
        ...settings,
      }),
      ...env,
    },
  });
