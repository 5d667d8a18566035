/**
 * A whole server, and in its JVM a loop of the same statements (`SqlLoop.java`), so that both are
 * measured on one driver.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { compose } from '../../src/compose.ts';
import { applyToProcess, load } from '../../src/config/load.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { runShutdown } from '../../src/shutdown.ts';

const root = path.resolve(import.meta.dirname, '../..');
const dataDir = mkdtempSync(path.join(tmpdir(), 'libra-bench-'));
const config = load({
  ...process.env,
  LIBRA_DATA_DIR: dataDir,
  SERVER_PORT: '0',
  SPARK_MASTER: 'local[2]',
  SPARK_CONFIG: JSON.stringify({
    'spark.driver.extraClassPath': path.join(root, 'jvm-shim/target/test-classes'),
  }),
});
applyToProcess(config);
const logger = createLogger({
  level: 'warn',
  format: 'json',
  redactionPattern: config.libra.redactionPattern,
});
const server = compose(config, logger, {
  onMemory: () => logger.error('the JVM has run out of memory'),
  onDead: (cause) => logger.error({ cause }, 'the driver is dead'),
});
await server.prepare();
const url = await server.listen();
await server.startDriver();
// The JVM of the server: node-java is one for the process.
const { default: java } = await import('java');

process.on('message', (task: 'stop' | { template: string; parallel: number; ms: number }) => {
  if (task === 'stop') {
    void runShutdown(server.shutdownPhases(), logger).then(() => {
      rmSync(dataDir, { recursive: true, force: true });
      server.exit(0);
    });
    return;
  }
  java.callStaticMethod(
    'com.whereq.libra.driver.bench.SqlLoop',
    'run',
    task.template,
    task.parallel,
    task.ms,
    (error: unknown, times: string) => {
      if (error) throw error;
      process.send?.(times.split(',').map((microseconds) => Number(microseconds) / 1000));
    },
  );
});
process.send?.({ url });
