import type { JobState } from '../domain/job.ts';
import { isTerminal } from '../domain/job.ts';
import type { Pool } from '../domain/pool.ts';
import type { SessionMode } from '../domain/session.ts';
import type { Driver } from '../drivers/driver.ts';
import type { Executor } from '../executors/executor.ts';
import { PoolService } from '../pools/pool-service.ts';
import { DriverGate } from '../sessions/driver-gate.ts';
import { HealthService } from '../sessions/health-service.ts';
import { RunTimeSettings } from '../sessions/run-time-settings.ts';
import { SessionRegistry } from '../sessions/session-registry.ts';
import { SessionService } from '../sessions/session-service.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { ActiveJobs } from './active-jobs.ts';
import type { Load } from './dispatcher.ts';
import { Dispatcher } from './dispatcher.ts';
import { Drain } from './drain.ts';
import { Executors } from './executors.ts';
import { HistorySweeper } from './history-sweeper.ts';
import { IdempotencyKeys } from './idempotency-keys.ts';
import { JobLog } from './job-log.ts';
import { JobMachine } from './job-machine.ts';
import type { JobObserver } from './job-observer.ts';
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
  readonly driver: Driver;
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
  readonly maxRunning: number;
  readonly maxQueued: number;
  /** How many programs of their own run at a time. */
  readonly maxPrograms: number;
  readonly maxLogBytes: number;
  readonly maxLightSessions: number;
  readonly sessionMode: SessionMode;
  readonly sessionIdleMs: number;
  readonly historyMaxAgeMs: number;
  readonly historyMaxCount: number;
  readonly redactionPattern: string;
  /** Keys and prefixes that sparkConfig may not hold. */
  readonly deniedSettings: readonly string[];
  /** As configured: what sessions show until the driver says it. */
  readonly master: string;
  readonly pools: readonly Pool[];
}

/** What metrics ask for when they are read. */
export interface CoreGauges {
  readonly load: Load;
  readonly resultBytes: number;
  readonly sessions: number;
  loadOf(pool: string): Load;
}

export interface Core {
  readonly jobs: JobService;
  readonly sessions: SessionService;
  readonly pools: PoolService;
  readonly health: HealthService;
  readonly gauges: CoreGauges;
  observe(observer: JobObserver): void;
  /** Settles what the last server left, with the store open and before anything is submitted. */
  start(): Promise<void>;
  /** The driver's start was given up: health says why. */
  driverFailed(cause: string): void;
  /** Takes nothing new, lets what runs go on until the deadline, and then lets go of everything. */
  drain(deadlineMs: number): Promise<void>;
}

/** How much of the places of the driver one pool may hold. */
const POOL_SHARE = 0.75;

/** Puts the parts of jobs, sessions and pools together. Everything foreign comes in as a port. */
export const createCore = (ports: CorePorts, settings: CoreSettings): Core => {
  const { store, driver, programs, clock, log } = ports;
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
  const jobs = new ActiveJobs(clock);
  const jobLog = new JobLog({ dir: settings.logsDir, log, maxBytes: settings.maxLogBytes });
  const results = new ResultFolders(settings.resultsDir);
  const runTimeSettings = new RunTimeSettings(driver, gate, settings.deniedSettings);
  const keys = new IdempotencyKeys(store.servers);
  const machine = new JobMachine({ store: store.jobs, jobs, clock, log, serverId, signal });
  const stopper = new JobStopper({ machine, jobs, executors, log });
  const registry = new SessionRegistry({
    store: store.sessions,
    driver,
    gate,
    clock,
    log,
    serverId,
    maxLight: settings.maxLightSessions,
    idleTimeoutMs: settings.sessionIdleMs,
    redactionPattern,
    signal,
  });
  const lanes: Lanes = new Lanes(
    new Dispatcher({
      maxRunning: settings.maxRunning,
      maxQueued: settings.maxQueued,
      poolShare: POOL_SHARE,
      limitedBy: 'POOL',
      launch: (jobId) => runner.launch(lanes.driver, jobId),
    }),
    new Dispatcher({
      maxRunning: settings.maxPrograms,
      maxQueued: settings.maxQueued,
      poolShare: 1,
      limitedBy: 'SPARK_SUBMIT',
      launch: (jobId) => runner.launch(lanes.programs, jobId),
    }),
  );
  const runner = new JobRunner({
    machine,
    stopper,
    gate,
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
    lanes,
    sessions: registry,
    routing: new Routing({
      settings: runTimeSettings,
      programs,
      deniedSettings: settings.deniedSettings,
      master: settings.master,
    }),
    keys,
    clock,
    pools: settings.pools.map((pool) => pool.name),
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
    lanes.of(active.job.executor).done(active.job.id);
    active.lease.release();
    void jobLog.close(active.job.id);
  });
  machine.observe({ onTransition: (job, from, to) => logTransition(log, job, from, to) });
  registry.onClosing((jobIds, closing) => stopper.sessionClosed(jobIds, closing));
  gate.listen({
    ready: () => lanes.driver.setReady(true),
    lost: () => lanes.driver.setReady(false),
  });

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
      lanes,
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
      gate,
      settings: runTimeSettings,
      store,
      keys,
      clock,
      master: settings.master,
      mode: settings.sessionMode,
      requireOpen,
    }),
    pools: new PoolService(settings.pools, (pool) => lanes.loadOf(pool)),
    health,
    gauges: {
      get load() {
        return lanes.load;
      },
      get resultBytes() {
        return results.bytes;
      },
      get sessions() {
        return registry.all().length;
      },
      loadOf: (pool) => lanes.loadOf(pool),
    },
    observe: (observer) => machine.observe(observer),
    async start() {
      await new Settlement({
        store,
        jobs,
        machine,
        lanes,
        executors,
        runner,
        sessions: registry,
        results,
        clock,
        log,
      }).run();
      lanes.programs.setReady(true);
      started = true;
      sweeper.start();
      health.start();
    },
    driverFailed: (cause) => gate.failed(cause),
    async drain(deadlineMs) {
      stopping = true;
      await drain.run(
        deadlineMs,
        () => halted.abort(),
        () => givenUp.abort(),
      );
    },
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
