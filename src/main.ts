import { compose, type Server } from './compose.ts';
import { ConfigError } from './config/config-error.ts';
import { applyToProcess, loadFromProcess } from './config/load.ts';
import { DriverStartError } from './drivers/driver.ts';
import { EXIT } from './exit-codes.ts';
import { createLogger, type Logger } from './observability/logger.ts';
import { runShutdown } from './shutdown.ts';
import { createSignalHandler } from './signals.ts';
import { StoreUnavailableError } from './store/store.ts';
import { supervision } from './supervision.ts';

/** Configuration → composition → HTTP → driver; then signals decide. */
const main = async (): Promise<void> => {
  const config = loadFromProcess();
  applyToProcess(config);
  const { logging, redactionPattern } = config.libra;
  const logger = createLogger({ ...logging, redactionPattern });
  for (const warning of config.warnings) logger.warn(warning);

  const { supervisor, lastEnd, underNpm } = config.environment;
  if (lastEnd !== null) logger.error({ cause: lastEnd }, 'the server before this one crashed');
  const supervised = supervision(supervisor);
  const server = compose(config, logger, {
    onMemory() {
      logger.error('the JVM has run out of memory; the driver goes on while it is whole');
      void supervised.tellNote('its JVM had run out of memory before');
    },
    onDead(cause) {
      logger.fatal({ cause }, 'the driver is dead, and this server with it');
      void supervised.tellCause(cause).then(() => end(EXIT.driverLost));
    },
  });
  const end = endOnce(server, logger);
  supervised.start(() => {
    logger.error('stopping: the supervisor is gone');
    end(EXIT.failed);
  });
  await server.prepare();
  stopOnSignals(end, logger, underNpm);
  const url = await server.listen();
  logger.info({ url, pid: process.pid }, 'listening');
  // A driver that cannot start leaves nothing to serve: the reason is in the log, and stands there
  // for whoever restarts us.
  await supervised.tellPause(LOADING_S);
  const fault = await server.startDriver();
  await supervised.tellPause(0);
  if (fault !== null) end(fault);
};

/** Loading the JVM stops the event loop: a second, and much longer on a machine that is busy. */
const LOADING_S = 300;

/** For what the end of the driver means to its jobs. */
const LAST_WRITES_MS = 3000;

/** Stops in order and ends the process; the first to ask decides with which code. */
const endOnce = (server: Server, logger: Logger): ((code: number) => void) => {
  let ending = false;
  return (code) => {
    if (ending) return;
    ending = true;
    if (code === EXIT.driverLost) {
      void runShutdown(server.shutdownPhases(LAST_WRITES_MS), logger).then(() => server.halt(code));
    } else {
      void runShutdown(server.shutdownPhases(), logger).then((clean) =>
        server.exit(clean ? code : EXIT.failed),
      );
    }
  };
};

/** The first signal stops in order, the second one at once. */
const stopOnSignals = (end: (code: number) => void, logger: Logger, underNpm: boolean): void => {
  const handle = createSignalHandler({
    underNpm,
    now: () => performance.now(),
    stop: (signal) => {
      logger.info({ signal }, 'stopping: draining first');
      end(EXIT.ordered);
    },
    end: (signal) => {
      logger.warn({ signal }, 'second signal: ending at once');
      process.kill(process.pid, 'SIGKILL');
    },
  });
  process.on('SIGTERM', handle);
  process.on('SIGINT', handle);
};

/** What the operator has to mend: settings, a port that is taken, a data directory in use. */
const isForTheOperator = (error: unknown): boolean =>
  error instanceof ConfigError ||
  (error instanceof StoreUnavailableError && ['LOCKED', 'SCHEMA_NEWER'].includes(error.kind)) ||
  error instanceof DriverStartError ||
  ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES'].includes(String((error as { code?: unknown }).code));

main().catch((error: unknown) => {
  const known = isForTheOperator(error);
  // A message for the operator; the stack helps only where the fault is ours.
  process.stderr.write(`${known ? (error as Error).message : (error as Error).stack}\n`);
  process.exit(known ? EXIT.mendFirst : EXIT.failed);
});
