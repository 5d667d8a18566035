import type { JobState } from '../domain/job.ts';
import { isTerminal } from '../domain/job.ts';
import type { Pool } from '../domain/pool.ts';
import type { SessionMode } from '../domain/session.ts';
import type { Driver, DriverMaker } from '../drivers/driver.ts';
import type { Executor } from '../executors/executor.ts';
import type { Load } from '../pools/admission.ts';
import type { PoolService } from '../pools/pool-service.ts';
import { createPools } from '../pools/pools.ts';
import { DedicatedDrivers } from '../sessions/dedicated-drivers.ts';
import type { FleetObserver } from '../sessions/driver-fleet.ts';
import { DriverFleet } from '../sessions/driver-fleet.ts';
import { DriverGate } from '../sessions/driver-gate.ts';
import type { DriverPurpose, FleetState } from '../sessions/fleet-driver.ts';
import { HealthService } from '../sessions/health-service.ts';
import { RunTimeSettings } from '../sessions/run-time-settings.ts';
import { SessionRegistry } from '../sessions/session-registry.ts';
import { SessionService } from '../sessions/session-service.ts';
import { WarmDrivers } from '../sessions/warm-drivers.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { ActiveJobs } from './active-jobs.ts';
import { Drain } from './drain.ts';
import { Executors } from './executors.ts';
import { HistorySweeper } from './history-sweeper.ts';
import { IdempotencyKeys } from './idempotency-keys.ts';
import { JobLog } from './job-log.ts';
import { JobMachine } from './job-machine.ts';
import type { JobObserver } from './job-observer.ts';
import { JobPlaces } from './job-places.ts';
import { JobRunner } from './job-runner.ts';
import { JobService } from './job-service.ts';
import { JobStopper } from './job-stopper.ts';
import { Lanes } from './lanes.ts';
import type { ProgramSource } from './program-source.ts';
import { Rerun } from './rerun.ts';
import { ResultFolders } from './result-folders.ts';
import { Routing } from './routing.ts';
import { Settlement } from './settlement.ts';
import { serverStopping, storeUnavailable } from './store-problem.ts';
import { Submission } from './submission.ts';

/** What the core stands on: ports only. */
export interface CorePorts {
  readonly store: Store;
  /** The shared one. */
  readonly driver: Driver;
  readonly maker: DriverMaker;
  readonly executors: readonly Executor[];
  readonly programs: ProgramSource;
  readonly clock: Clock;
  readonly log: Log;
}

export interface CoreSettings {
  readonly serverId: string;
  readonly dataDir: string;
  readonly logsDir: string;
  readonly resultsDir: string;
  readonly maxResultBytes: number;
  /** How many jobs run on one driver at a time. */
  readonly maxRunning: number;
  /** How many run at all, programs of their own included. */
  readonly maxRunningTotal: number;
  readonly maxQueued: number;
  /** How many programs of their own run at a time. */
  readonly maxPrograms: number;
  readonly maxLogBytes: number;
  readonly maxLightSessions: number;
  /** How many drivers of sessions and of single statements may live beside the shared one. */
  readonly maxSessions: number;
  readonly warmDrivers: number;
  /** What all drivers beside the shared one may take of the machine together. */
  readonly driverMemoryBytes: number;
  readonly driverStartMs: number;
  readonly dedicatedIdleMs: number;
  readonly sessionMode: SessionMode;
  readonly sessionIdleMs: number;
  readonly historyMaxAgeMs: number;
  readonly historyMaxCount: number;
  readonly redactionPattern: string;
  /** Keys and prefixes that sparkConfig may not hold. */
  readonly deniedSettings: readonly string[];
  /** As configured: what sessions show until the driver says it. */
  readonly master: string;
  /** Those of the file. */
  readonly pools: readonly Pool[];
  /** How the last server crashed, where somebody saw it. */
  readonly lastEnd: string | null;
}

/** What metrics ask for when they are read. */
export interface CoreGauges {
  readonly load: Load;
  readonly resultBytes: number;
  readonly sessions: number;
  readonly fleet: FleetView;
}

/** The drivers beside the shared one. */
export interface FleetView {
  readonly drivers: readonly { readonly purpose: DriverPurpose; readonly state: FleetState }[];
  readonly reservedBytes: number;
  readonly limitBytes: number;
}

export interface Core {
  readonly jobs: JobService;
  readonly sessions: SessionService;
  readonly pools: PoolService;
  /** The definitions in force. */
  readonly livePools: () => readonly Pool[];
  readonly health: HealthService;
  readonly gauges: CoreGauges;
  observe(observer: JobObserver): void;
  observeDrivers(observer: FleetObserver): void;
  /** Settles what the last server left, with the store open and before anything is submitted. */
  start(): Promise<void>;
  /** The driver's start was given up: health says why. */
  driverFailed(cause: string): void;
  /** Takes nothing new, lets what runs go on until the deadline, and then lets go of everything. */
  drain(deadlineMs: number): Promise<void>;
  /** Ends all drivers beside the shared one. */
  stopDrivers(): Promise<void>;
}

/** How much of the places of a driver, and of the whole server, one pool may hold. */
const POOL_SHARE = 0.75;

/** Puts the parts of jobs, sessions and pools together. Everything foreign comes in as a port. */
export const createCore = (ports: CorePorts, settings: CoreSettings): Core => {
  const { store, driver, maker, programs, clock, log } = ports;
  const { serverId, redactionPattern } = settings;
  const halted = new AbortController();
  const givenUp = new AbortController();
  const { signal } = givenUp;
  let started = false;
  let stopping = false;
  const isStopping = (): boolean => stopping;
  const requireOpen = (): void => {
    if (stopping) throw serverStopping();
    if (!started) throw storeUnavailable(null);
  };

  const executors = new Executors(ports.executors);
  const gate = new DriverGate(driver, clock);
  const shared = { driver, gate };
  const fleet = new DriverFleet({
    maker,
    maxSessions: settings.maxSessions,
    memoryBytes: settings.driverMemoryBytes,
    startTimeoutMs: settings.driverStartMs,
    clock,
    log,
  });
  const warm = new WarmDrivers({ fleet, count: settings.warmDrivers, clock, log });
  const dedicated = new DedicatedDrivers({ fleet, clock, idleMs: settings.dedicatedIdleMs });
  const jobs = new ActiveJobs(clock);
  const jobLog = new JobLog({ dir: settings.logsDir, log, maxBytes: settings.maxLogBytes });
  const results = new ResultFolders(settings.resultsDir);
  const runTimeSettings = new RunTimeSettings(
    shared,
    () => fleet.all().filter(({ state }) => state === 'ready'),
    settings.deniedSettings,
  );
  const keys = new IdempotencyKeys(store.servers);
  const machine = new JobMachine({ store: store.jobs, jobs, clock, log, serverId, signal });
  const stopper = new JobStopper({ machine, jobs, executors, log });
  const registry = new SessionRegistry({
    store: store.sessions,
    shared,
    fleet,
    mode: settings.sessionMode,
    clock,
    log,
    serverId,
    maxLight: settings.maxLightSessions,
    idleTimeoutMs: settings.sessionIdleMs,
    redactionPattern,
    signal,
  });
  const pools = createPools({
    file: settings.pools,
    store: store.pools,
    drivers: () => [shared, ...fleet.all().filter(({ state }) => state !== 'stopping')],
    maxRunning: settings.maxRunningTotal,
    poolShare: POOL_SHARE,
    activeIn: (pool) => jobs.all().filter(({ request }) => request.pool === pool).length,
    clock,
    log,
    requireOpen,
  });
  const lanes = new Lanes({
    admission: pools.admission,
    clock,
    maxRunning: settings.maxRunning,
    maxPrograms: settings.maxPrograms,
    maxQueued: settings.maxQueued,
    poolShare: POOL_SHARE,
    launch: (line, jobId) => runner.launch(line, jobId),
    waited: pools.waited,
  });
  // The shared driver has its line whether anyone has used it or not.
  lanes.of(shared);
  const places = new JobPlaces({ lanes, sessions: registry, dedicated });
  const runner = new JobRunner({
    machine,
    stopper,
    jobs,
    lanes,
    executors,
    programs,
    sessions: registry,
    jobLog,
    results,
    clock,
    log,
    maxResultBytes: settings.maxResultBytes,
    signal: halted.signal,
  });
  const submission = new Submission({
    store,
    machine,
    stopper,
    places,
    routing: new Routing({
      settings: runTimeSettings,
      fleet,
      programs,
      deniedSettings: settings.deniedSettings,
      master: settings.master,
    }),
    keys,
    clock,
    pools: () => pools.registry.names(),
    serverId,
    redactionPattern,
    requireOpen,
    jobOf: async (id) => jobs.get(id)?.job ?? store.jobs.get(id),
  });
  const sweeper = new HistorySweeper({
    store,
    jobs,
    results,
    jobLog,
    logsDir: settings.logsDir,
    clock,
    log,
    maxAgeMs: settings.historyMaxAgeMs,
    maxCount: settings.historyMaxCount,
  });
  const health = new HealthService({
    store,
    driver,
    gate,
    clock,
    dataDir: settings.dataDir,
    isStopping,
    activeSessions: () => registry.all().length,
  });

  machine.onEnd((active) => {
    active.line.done(active.job.id);
    places.release(active);
    void jobLog.close(active.job.id);
  });
  machine.observe({ onTransition: (job, from, to) => logTransition(log, job, from, to) });
  registry.onClosing((jobIds, closing) => stopper.sessionClosed(jobIds, closing));
  dedicated.onFailed((handle, reason) => stopper.driverFailed(handle, reason));
  fleet.onEnded((ended) => lanes.close(ended));
  gate.listen({ ready: () => warm.start(), lost: () => {} });
  pools.registry.onChange(() => lanes.pump());

  const drain = new Drain({
    machine,
    jobs,
    lanes,
    executors,
    sweeper,
    health,
    jobLog,
    clock,
    log,
  });
  return {
    jobs: new JobService({
      store: store.jobs,
      jobs,
      stopper,
      submission,
      rerun: new Rerun({ store: store.jobs, jobs, submission }),
      jobLog,
      results,
      clock,
      isStopping,
    }),
    sessions: new SessionService({
      registry,
      shared,
      fleet,
      settings: runTimeSettings,
      programs,
      deniedSettings: settings.deniedSettings,
      store,
      keys,
      clock,
      master: settings.master,
      mode: settings.sessionMode,
      requireOpen,
    }),
    pools: pools.service,
    livePools: () => pools.registry.all(),
    health,
    gauges: {
      get load() {
        return pools.admission.load;
      },
      get resultBytes() {
        return results.bytes;
      },
      get sessions() {
        return registry.all().length;
      },
      get fleet() {
        return {
          drivers: fleet.all().map(({ purpose, state }) => ({ purpose, state })),
          reservedBytes: fleet.reservedBytes,
          limitBytes: settings.driverMemoryBytes,
        };
      },
    },
    observe: (observer) => machine.observe(observer),
    observeDrivers: (observer) => fleet.observe(observer),
    async start() {
      await pools.service.start();
      await new Settlement({
        store,
        jobs,
        machine,
        places,
        programs,
        executors,
        runner,
        sessions: registry,
        results,
        pools: pools.registry.names(),
        clock,
        log,
        lastEnd: settings.lastEnd,
      }).run();
      lanes.programs.setReady(true);
      started = true;
      sweeper.start();
      health.start();
    },
    driverFailed: (cause) => gate.failed(cause),
    async drain(deadlineMs) {
      stopping = true;
      warm.stop();
      await drain.run(
        deadlineMs,
        () => halted.abort(),
        () => givenUp.abort(),
      );
    },
    stopDrivers: () => fleet.stop(),
  };
};

const logTransition = (
  log: Log,
  job: { readonly id: string; readonly sessionId: string; readonly requestId: string | null },
  from: JobState | null,
  to: JobState,
): void => {
  const { id: jobId, sessionId, requestId } = job;
  // One line a job for whoever runs the server; the way there for whoever looks for a fault.
  const line = isTerminal(to) ? log.info : log.debug;
  line.call(log, { jobId, sessionId, requestId, from, to }, 'job state');
};
