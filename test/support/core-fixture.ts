import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Identity } from '../../src/domain/identity.ts';
import type { Job, JobRequest, JobState } from '../../src/domain/job.ts';
import type { Services } from '../../src/http/services.ts';
import type { Core, CoreSettings } from '../../src/jobs/core.ts';
import { createCore } from '../../src/jobs/core.ts';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { FakeClock, settled } from './fake-clock.ts';
import { HandDriver } from './hand-driver.ts';
import { HandDriverMaker } from './hand-driver-maker.ts';
import { HandExecutor } from './hand-executor.ts';
import { HandPrograms } from './hand-programs.ts';
import { aRequest as sql } from './job-request.ts';
import type { ShakyStore } from './shaky-store.ts';
import { shakyStore } from './shaky-store.ts';

export { sql };

export const ANYONE: Identity = { name: 'anonymous', roles: ['admin'] };
export const person = (name: string, ...roles: Identity['roles']): Identity => ({ name, roles });

export interface SubmitOptions {
  readonly as?: Identity;
  readonly session?: string;
  readonly key?: string;
  readonly body?: unknown;
}

export interface SessionFields {
  readonly sessionId?: string;
  readonly mode?: 'SHARED' | 'ISOLATED';
  readonly sparkConfig?: Record<string, string>;
  readonly idleTimeoutMs?: number;
}

/** One life of a server's core over a data directory, with its ports in the hands of the test. */
export class CoreFixture {
  readonly clock: FakeClock;
  readonly driver = new HandDriver();
  readonly maker = new HandDriverMaker();
  readonly executor = new HandExecutor();
  readonly single = new HandExecutor('driver');
  readonly submitter = new HandExecutor('spark-submit');
  readonly programs = new HandPrograms();
  readonly store: ShakyStore;
  readonly core: Core;
  readonly dir: string;
  readonly logged: { readonly level: string; readonly message: string }[] = [];

  private constructor(dir: string, clock: FakeClock, settings: Partial<CoreSettings>) {
    this.dir = dir;
    this.clock = clock;
    this.store = shakyStore(new SqliteStore({ dataDir: dir }));
    const line = (level: string) => (_fields: object, message: string) => {
      this.logged.push({ level, message });
    };
    const log = {
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
    };
    this.core = createCore(
      {
        store: this.store,
        driver: this.driver,
        maker: this.maker,
        executors: [this.executor, this.single, this.submitter],
        programs: this.programs,
        clock,
        log,
      },
      {
        serverId: 'server-1',
        dataDir: dir,
        logsDir: join(dir, 'logs'),
        resultsDir: join(dir, 'results'),
        maxResultBytes: 1 << 30,
        maxRunning: 2,
        maxRunningTotal: 10_000,
        maxQueued: 100,
        maxPrograms: 2,
        maxLogBytes: 1 << 26,
        maxLightSessions: 10,
        maxSessions: 3,
        warmDrivers: 0,
        driverMemoryBytes: 8 * 2 ** 30,
        driverStartMs: 180_000,
        dedicatedIdleMs: 120_000,
        sessionMode: 'SHARED',
        sessionIdleMs: 1_800_000,
        historyMaxAgeMs: 3_600_000_000,
        historyMaxCount: 100_000,
        redactionPattern: 'secret|password',
        deniedSettings: ['spark.driver.extraJavaOptions', 'spark.libra.*'],
        master: 'local[*]',
        lastEnd: null,
        pools: ['default', 'high-priority'].map((name) => ({
          name,
          schedulingMode: 'FAIR',
          weight: 1,
          minShare: 0,
          maxRunning: null,
          maxQueued: null,
        })),
        ...settings,
      },
    );
    // The classes fit what the HTTP layer asks for.
    this.core satisfies Omit<Services, 'results' | 'files'>;
  }

  /** The store is open, and nothing is settled yet. */
  static async open(
    settings: Partial<CoreSettings> = {},
    former: CoreFixture | null = null,
  ): Promise<CoreFixture> {
    const dir = former?.dir ?? (await mkdtemp(join(tmpdir(), 'libra-core-')));
    const fixture = new CoreFixture(dir, former?.clock ?? new FakeClock(), settings);
    await fixture.store.open();
    return fixture;
  }

  static async start(
    settings: Partial<CoreSettings> & { readonly driverReady?: boolean } = {},
    former: CoreFixture | null = null,
  ): Promise<CoreFixture> {
    const { driverReady = true, ...rest } = settings;
    const fixture = await CoreFixture.open(rest, former);
    await fixture.core.start();
    if (driverReady) fixture.driver.ready();
    return fixture;
  }

  /** The process is killed: nothing is written any more, and the next one starts on the same disk. */
  async crash(settings: Parameters<typeof CoreFixture.start>[0] = {}): Promise<CoreFixture> {
    this.store.broken = true;
    await this.store.close();
    return CoreFixture.start(settings, this);
  }

  async stop(): Promise<void> {
    this.store.broken = false;
    const drained = this.core.drain(0);
    for (let second = 0; second < 10; second += 1) await this.clock.advance(1000);
    await drained;
    await this.store.close();
    await rm(this.dir, { recursive: true, force: true });
  }

  async submit(fields: Partial<JobRequest> = {}, options: SubmitOptions = {}): Promise<Job> {
    const { job } = await this.submitted(fields, options);
    return job;
  }

  async submitted(fields: Partial<JobRequest> = {}, options: SubmitOptions = {}) {
    const request = sql(fields);
    const answer = await this.core.jobs.submit({
      identity: options.as ?? ANYONE,
      sessionId: options.session ?? 'default',
      request,
      requestId: 'request-1',
      idempotency:
        options.key === undefined
          ? null
          : {
              key: options.key,
              operation: 'statements.create',
              body: options.body ?? { ...request },
            },
    });
    return answer;
  }

  /** A job that has got to the executor. */
  async running(fields: Partial<JobRequest> = {}, options: SubmitOptions = {}): Promise<Job> {
    const { id } = await this.submit(fields, options);
    await settled();
    return this.get(id);
  }

  get(id: string): Promise<Job> {
    return this.core.jobs.get(ANYONE, id);
  }

  async stateOf(id: string): Promise<JobState> {
    await settled();
    return (await this.get(id)).state;
  }

  /** Waits for the state, however many turns of the event loop and of the disk it takes. */
  async reached(id: string, state: JobState): Promise<Job> {
    for (let turn = 0; turn < 2000; turn += 1) {
      const job = await this.get(id);
      if (job.state === state) return job;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    throw new Error(`job ${id} did not get ${state}: it is ${(await this.get(id)).state}`);
  }

  /** What a POST asks for; the key, where there is one, is for these very fields. */
  createSession(fields: SessionFields = {}, as: Identity = ANYONE, key: string | null = null) {
    return this.core.sessions.create(
      as,
      { sessionId: null, mode: null, sparkConfig: {}, idleTimeoutMs: null, ...fields },
      key === null ? null : { key, operation: 'sessions.create', body: fields },
    );
  }

  /** As it stands on disk, whatever memory says. */
  async stored(id: string): Promise<Job | null> {
    await settled();
    return this.store.jobs.get(id);
  }

  async end(
    id: string,
    ...outcome: Parameters<HandExecutor['end']> extends [string, ...infer R] ? R : never
  ) {
    this.executor.end(id, ...outcome);
    await settled();
    return this.get(id);
  }
}
