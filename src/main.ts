import { compose, type Server } from './compose.ts';
import { ConfigError } from './config/config-error.ts';
import { applyToProcess, loadFromProcess } from './config/load.ts';
import { createLogger, type Logger } from './observability/logger.ts';
import { runShutdown } from './shutdown.ts';
import { createSignalHandler } from './signals.ts';

/** Configuration → composition → HTTP → driver; then signals decide. */
const main = async (): Promise<void> => {
  const config = loadFromProcess();
  applyToProcess(config);
  const { logging, redactionPattern } = config.libra;
  const logger = createLogger({ ...logging, redactionPattern });
  for (const warning of config.warnings) logger.warn(warning);

  const server = compose(config, logger);
  await server.prepare();
  const end = endOnce(server, logger);
  stopOnSignals(end, logger, config.environment.underNpm);
  const url = await server.listen();
  logger.info({ url }, 'listening');
  // A driver that cannot start leaves nothing to serve: the reason is in the log, and stands there
  // for whoever restarts us.
  if ((await server.startDriver()) === null) end(1);
};

/** Stops in order and ends the process; the first to ask decides with which code. */
const endOnce = (server: Server, logger: Logger): ((code: number) => void) => {
  let ending = false;
  return (code) => {
    if (ending) return;
    ending = true;
    void runShutdown(server.shutdownPhases, logger).then((clean) => server.exit(clean ? code : 1));
  };
};

/** The first signal stops in order, the second one at once. */
const stopOnSignals = (end: (code: number) => void, logger: Logger, underNpm: boolean): void => {
  const handle = createSignalHandler({
    underNpm,
    now: () => performance.now(),
    stop: (signal) => {
      logger.info({ signal }, 'stopping: draining first');
      end(0);
    },
    end: (signal) => {
      logger.warn({ signal }, 'second signal: ending at once');
      process.kill(process.pid, 'SIGKILL');
    },
  });
  process.on('SIGTERM', handle);
  process.on('SIGINT', handle);
};

main().catch((error: unknown) => {
  // A message for the operator; the stack helps only where the fault is ours.
  const known =
    error instanceof ConfigError ||
    ['StoreUnavailableError', 'DriverStartError'].includes((error as Error).name);
  process.stderr.write(`${known ? (error as Error).message : (error as Error).stack}\n`);
  process.exit(1);
});
