import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { v7 as uuid } from 'uuid';
import { buildApp } from './app.ts';
import { ClassDataMaker } from './class-data-maker.ts';
import { ConfigError } from './config/config-error.ts';
import { markProcess } from './config/load.ts';
import type { LibraConfig } from './config/schema.ts';
import { closeDataFolders } from './data-folders.ts';
import type { FairPool, Pool } from './domain/pool.ts';
import { driverMemory } from './driver-memory.ts';
import { childArchive } from './drivers/child/child-class-data.ts';
import { ChildMaker } from './drivers/child/child-maker.ts';
import { type ChildOptions, STOP_TIMES } from './drivers/child/options.ts';
import { checkRunAs } from './drivers/child/run-as-check.ts';
import { classDataFolder } from './drivers/class-data.ts';
import type { Driver, DriverConfig, MadeDriver } from './drivers/driver.ts';
import { GuardedDriver } from './drivers/guarded-driver.ts';
import { HEARTBEAT } from './drivers/heartbeat.ts';
import { embeddedArchive } from './drivers/in-process/bridge.ts';
import {
  exitProcess,
  haltProcess,
  type InProcessListener,
  inProcessDriver,
} from './drivers/in-process/in-process-driver.ts';
import { jvmLaunch } from './drivers/in-process/jvm-launch.ts';
import { type FoundPython, findPython } from './drivers/python-runtime.ts';
import { EmbeddedExecutor } from './executors/embedded/embedded-executor.ts';
import { SparkSubmitExecutor } from './executors/spark-submit/spark-submit-executor.ts';
import { EXIT } from './exit-codes.ts';
import { FileService } from './files/file-service.ts';
import { ProgramFiles } from './files/program-files.ts';
import { UploadDisk } from './files/upload-disk.ts';
import { createCore } from './jobs/core.ts';
import { IdempotencyKeys } from './jobs/idempotency-keys.ts';
import { jobMetrics, metricSources } from './metric-sources.ts';
import type { Logger } from './observability/logger.ts';
import { createMetrics } from './observability/metrics.ts';
import { parseFairscheduler } from './pools/fairscheduler.ts';
import { clearLeftovers, DRIVER_MARK } from './processes/leftovers.ts';
import { memoryOfMachine } from './processes/machine-memory.ts';
import { PortSlots } from './processes/port-slots.ts';
import type { SparkSurroundings } from './processes/spark-environment.ts';
import { UserIds } from './processes/user-ids.ts';
import { ResultService } from './results/result-service.ts';
import { makeScratch } from './scratch.ts';
import type { ShutdownPhase } from './shutdown.ts';
import { SqliteStore } from './store/sqlite/sqlite-store.ts';
import { openStore } from './store-opening.ts';
import { systemClock } from './util/clock.ts';

export interface Server {
  /** Opens the store and settles what the last server left; rejects where there is no way on. */
  prepare(): Promise<void>;
  /** Answers with the URL once HTTP is served. */
  listen(): Promise<string>;
  /**
   * Resolves with null when the driver answers, otherwise with the code that the server ends with;
   * a failed start stays visible in health and log.
   */
  startDriver(): Promise<number | null>;
  /** What runs on drivers may end within the drain, by default that of the configuration. */
  shutdownPhases(drainMs?: number): readonly ShutdownPhase[];
  /** Ends the process the way that the driver needs it. */
  exit(code: number): never;
  /** The same where the driver is dead: it cannot be waited for. */
  halt(code: number): void;
}

/** What follows the drain has twelve seconds in all. */
const LIMITS = { afterDrain: 4500, http: 1500, drivers: 5000, store: 1000, halt: 2000 } as const;

const RUN_AS_LIMITS =
  'libra.session.run-as keeps isolated sessions apart; jobs of shared sessions and programs of spark-submit run as this server does';

/** The only place that chooses implementations. */
export const compose = (
  config: LibraConfig,
  logger: Logger,
  driverEvents: Pick<InProcessListener, 'onMemory' | 'onDead'>,
): Server => {
  const { libra, spark } = config;
  const version = readVersion(config);
  const pools = readPools(config);
  const scratch = makeScratch(libra.dataDir);
  if (scratch !== null) markProcess(DRIVER_MARK, scratch);
  const launch = jvmLaunch(config, scratch);
  for (const warning of launch.warnings) logger.warn(warning);
  if (sqlRoots(config).length === 0) {
    logger.info('SQL may use no local folder but the warehouse (libra.files.allowed-roots)');
  }
  const serverId = uuid();

  const store = new SqliteStore({ dataDir: libra.dataDir, synchronous: libra.store.synchronous });
  const filesDir = join(libra.dataDir, 'files');
  let python: Promise<FoundPython> | null = null;
  const findsPython = (): Promise<FoundPython> => {
    python ??= findPython({
      settings: libra.python,
      environment: config.environment,
      projectRoot: config.projectRoot,
      sparkHome: spark.home,
      sparkConf: launch.sparkConf,
    });
    return python;
  };
  /** With the pools of the moment, which may have changed since the server started. */
  const driverConfigOfNow = async (): Promise<DriverConfig> => {
    const found = await findsPython();
    return driverConfig(config, found, core.livePools());
  };
  const ports = new PortSlots(libra.driver.portRange);
  const driversDir = join(libra.dataDir, 'drivers');
  const surroundings: SparkSurroundings = {
    projectRoot: config.projectRoot,
    sparkHome: spark.home,
    localIp: spark.localIp,
    environment: config.environment,
  };
  const classData = classDataFolder(config);
  const archives = {
    embedded: classData === null ? null : embeddedArchive(config, launch, classData),
    child: classData === null ? null : childArchive(surroundings, classData),
  };
  const childOptions: ChildOptions = {
    ...surroundings,
    driversDir,
    filesDir,
    users: null,
    archive: archives.child,
    sparkConf: launch.sparkConf,
    config: driverConfigOfNow,
    ports,
    startTimeoutMs: libra.session.startTimeout,
    maxLogBytes: libra.jobs.maxLogBytes,
    logLevel: libra.logging.level,
    machineBytes: memoryOfMachine(),
    heartbeat: HEARTBEAT,
    stop: STOP_TIMES,
    clock: systemClock,
    log: logger,
  };
  const { runAs } = libra.session;
  const children = new ChildMaker({
    ...childOptions,
    users: runAs.length === 0 ? null : new UserIds(runAs),
  });
  const shared: MadeDriver =
    libra.driver.host === 'child'
      ? new ChildMaker(childOptions).make({})
      : embeddedDriver(
          inProcessDriver(launch, {
            onFault: (message) => logger.error({ fault: message }, 'driver host fault'),
            ...driverEvents,
          }),
          driverConfigOfNow,
        );
  const { driver } = shared;
  const programs = new SparkSubmitExecutor({
    ...surroundings,
    workDir: join(libra.dataDir, 'programs'),
    // A jar needs no Python.
    sparkConf: () =>
      findsPython().then(
        (found) => found.sparkConf,
        () => launch.sparkConf,
      ),
    ports,
    killGraceMs: libra.sparkSubmit.killGrace,
    redactionPattern: libra.redactionPattern,
    pools: () => core.livePools(),
    clock: systemClock,
    log: logger,
  });
  const core = createCore(
    {
      store,
      driver,
      maker: children,
      executors: [new EmbeddedExecutor('embedded'), new EmbeddedExecutor('driver'), programs],
      programs: new ProgramFiles({
        store: store.files,
        filesDir,
        dataDir: libra.dataDir,
        roots: libra.files.allowedRoots,
        closed: serverOwn(config),
        schemes: libra.files.allowedSchemes,
      }),
      clock: systemClock,
      log: logger,
    },
    {
      serverId,
      dataDir: libra.dataDir,
      logsDir: join(libra.dataDir, 'logs'),
      resultsDir: libra.results.dir,
      maxResultBytes: libra.results.maxBytes,
      maxRunning: libra.jobs.maxRunning,
      maxRunningTotal: libra.jobs.maxRunningTotal,
      maxQueued: libra.jobs.maxQueued,
      maxPrograms: libra.sparkSubmit.maxConcurrent,
      maxLogBytes: libra.jobs.maxLogBytes,
      maxLightSessions: libra.session.maxLightSessions,
      maxSessions: libra.session.maxSessions,
      warmDrivers: libra.session.warm,
      driverMemoryBytes: driverMemory(
        libra.session.memory,
        memoryOfMachine(),
        children.memoryBytes({}),
      ),
      driverStartMs: libra.session.startTimeout,
      dedicatedIdleMs: libra.session.dedicatedIdle,
      sessionMode: libra.session.mode,
      sessionIdleMs: libra.session.timeoutMinutes * 60_000,
      historyMaxAgeMs: libra.history.maxAge,
      historyMaxCount: libra.history.maxCount,
      redactionPattern: libra.redactionPattern,
      deniedSettings: libra.sparkConfig.denied,
      master: spark.master,
      pools,
      lastEnd: config.environment.lastEnd,
    },
  );

  const metrics = createMetrics(version);
  core.observe(jobMetrics(metrics, systemClock.now));
  core.observeDrivers(metrics.drivers);
  metrics.observe(metricSources(core, store, driver));

  const results = new ResultService({
    resultsDir: libra.results.dir,
    jobOf: (identity, jobId) => core.jobs.get(identity, jobId),
  });
  const draining = new AbortController();
  const files = new FileService({
    store,
    disk: new UploadDisk(filesDir),
    keys: new IdempotencyKeys(store.servers),
    clock: systemClock,
    log: logger,
    maxBytes: libra.files.maxBytes,
    maxTotalBytes: libra.files.maxTotalBytes,
    isStopping: () => draining.signal.aborted,
  });
  const app = buildApp(
    {
      jobs: core.jobs,
      sessions: core.sessions,
      pools: core.pools,
      results,
      files,
      health: core.health,
    },
    {
      version,
      logger,
      metrics,
      tokens: libra.security.tokens,
      allowedHosts: libra.security.allowedHosts,
      bodyLimitBytes: config.server.bodyLimit,
      headersTimeoutMs: config.server.headersTimeout,
      requestTimeoutMs: config.server.requestTimeout,
      draining: draining.signal,
      info: { profiles: config.profiles, master: spark.master },
    },
  );
  const opening = openStore(store, logger, async () => {
    await clearLeftovers(libra.dataDir, scratch);
    await closeDataFolders({
      dataDir: libra.dataDir,
      resultsDir: libra.results.dir,
      driversDir: runAs.length === 0 ? null : driversDir,
    });
    if (runAs.length > 0) {
      const { runtime } = await findsPython();
      await checkRunAs({ options: childOptions, ids: runAs, python: runtime });
      logger.warn(RUN_AS_LIMITS);
    }
    await files.start();
    await core.start();
  });

  const classDataMaker = new ClassDataMaker({
    archives: Object.values(archives).filter((archive) => archive !== null),
    config,
    scratch,
    isIdle: () => core.gauges.load.running === 0,
    clock: systemClock,
    log: logger,
  });

  return {
    prepare: () => opening.tried,
    listen: () => app.listen({ host: config.server.address, port: config.server.port }),
    async startDriver() {
      let code: number = EXIT.mendFirst;
      try {
        const found = await findsPython();
        code = EXIT.failed;
        for (const warning of found.warnings) logger.warn(warning);
        const info = await shared.start();
        logger.info({ ...info }, 'driver ready');
        classDataMaker.start();
        return null;
      } catch (error) {
        core.driverFailed((error as Error).message);
        logger.error({ err: error }, 'the driver could not start');
        return code;
      }
    },
    shutdownPhases: (drainMs = libra.shutdown.drain) => [
      {
        name: 'drain',
        limitMs: drainMs + LIMITS.afterDrain,
        run: () => {
          draining.abort();
          classDataMaker.stop();
          return core.drain(drainMs);
        },
      },
      { name: 'http', limitMs: LIMITS.http, run: () => app.close() },
      {
        name: 'drivers',
        limitMs: LIMITS.drivers,
        run: async () => {
          await Promise.all([core.stopDrivers(), driver.stop()]);
        },
      },
      {
        name: 'store',
        limitMs: LIMITS.store,
        run: () => {
          opening.stop();
          return store.close();
        },
      },
    ],
    exit: exitProcess,
    halt: (code) => haltProcess(code, LIMITS.halt),
  };
};

const embeddedDriver = (host: Driver, driverConfig: () => Promise<DriverConfig>): MadeDriver => {
  const driver = new GuardedDriver(host);
  return { driver, start: async () => driver.start(await driverConfig()) };
};

/** What jobs do not name as files, wherever it lies; a folder means all that is in it. */
const serverOwn = ({ libra, configDir }: LibraConfig): readonly string[] => [
  ...['logs', 'results', 'programs', 'drivers', 'tmp'].map((folder) => join(libra.dataDir, folder)),
  libra.results.dir,
  configDir,
  ...(libra.security.tokensFile === null ? [] : [libra.security.tokensFile]),
];

const readVersion = (config: LibraConfig): string =>
  (
    JSON.parse(readFileSync(join(config.projectRoot, 'package.json'), 'utf8')) as {
      version: string;
    }
  ).version;

const readPools = ({ spark: { fairschedulerFile: file } }: LibraConfig): readonly Pool[] => {
  let xml: string;
  try {
    xml = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError([{ where: file, message: `cannot be read: ${codeOf(error)}` }]);
  }
  return parseFairscheduler(xml, file);
};

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException).code);

/** The results of others and the tokens are not for SQL to read, wherever jobs may name paths. */
const holdsOurs = (root: string, { libra, configDir }: LibraConfig): boolean =>
  [libra.dataDir, libra.results.dir, configDir].some(
    (ours) => !relative(root, ours).startsWith('..'),
  );

const sqlRoots = (config: LibraConfig): readonly string[] =>
  config.libra.files.allowedRoots.filter((root) => !holdsOurs(root, config));

const driverConfig = (
  config: LibraConfig,
  python: FoundPython,
  pools: readonly FairPool[],
): DriverConfig => ({
  // What is secret to us is not for Spark's own pages and logs to show.
  sparkConf: {
    'spark.redaction.regex': `(?i)${config.libra.redactionPattern}`,
    ...python.sparkConf,
  },
  pools,
  sqlPolicy: {
    allowReflection: config.libra.sql.allowReflection,
    allowTransform: config.libra.sql.allowTransform,
    allowAddResources: config.libra.sql.allowAddResources,
    allowLocalPaths: config.libra.sql.allowLocalPaths,
    allowedRoots: sqlRoots(config),
  },
  python: python.runtime,
});
