import type { FairPool } from '../../src/domain/pool.ts';
import type {
  Driver,
  DriverInfo,
  DriverJob,
  DriverJobObserver,
  JvmStats,
  PoolStats,
} from '../../src/drivers/driver.ts';

export const DRIVER_INFO: DriverInfo = {
  appId: 'local-1',
  sparkVersion: '4.0.1',
  scalaVersion: '2.13',
  javaVersion: '17',
  master: 'local[2]',
  uiUrl: null,
  defaultParallelism: 2,
};

const IDLE: Omit<JvmStats, 'pools'> = {
  heapUsedBytes: 0,
  heapCommittedBytes: 0,
  heapMaxBytes: 0,
  nonHeapUsedBytes: 0,
  threads: 0,
  gc: [],
  activeTasks: 0,
  totalCores: 0,
};

/**
 * The driver's end of the port in the hands of a test: it says itself when the driver is ready,
 * loses its context or answers. It runs nothing and pretends no SQL.
 */
export class HandDriver implements Driver {
  readonly sessions = new Map<string, Readonly<Record<string, string>>>();
  readonly calls: string[] = [];
  fixedKeys: readonly string[] = [];
  readonly info: DriverInfo;
  /** What it was told last. */
  pools: readonly FairPool[] = [];
  /** What it answers of its pools. */
  usage: () => Promise<readonly PoolStats[]> = async () => [];
  /** What its stop does. */
  stopper: () => Promise<void> = async () => {};
  /** What opening a session waits for, or fails with. */
  opening: () => Promise<void> = async () => {};
  readonly #ready: ((info: DriverInfo) => void)[] = [];
  readonly #lost: ((cause: string) => void)[] = [];

  constructor(info: DriverInfo = DRIVER_INFO) {
    this.info = info;
  }

  ready(): void {
    for (const listener of this.#ready) listener(this.info);
  }

  lose(cause = 'the master removed the application'): void {
    this.sessions.clear();
    for (const listener of this.#lost) listener(cause);
  }

  async start(): Promise<DriverInfo> {
    this.ready();
    return this.info;
  }
  stop(): Promise<void> {
    return this.stopper();
  }
  submit(_job: DriverJob, _observer: DriverJobObserver): void {
    throw new Error('jobs of these tests run on a HandExecutor');
  }
  cancel(_jobId: string): void {}
  async openSession(id: string, settings: Readonly<Record<string, string>>): Promise<void> {
    this.calls.push(`open ${id}`);
    await this.opening();
    this.sessions.set(id, settings);
  }
  async closeSession(id: string): Promise<void> {
    this.calls.push(`close ${id}`);
    this.sessions.delete(id);
  }
  async unmodifiableKeys(keys: readonly string[]): Promise<readonly string[]> {
    return keys.filter((key) => this.fixedKeys.includes(key));
  }
  async setPools(pools: readonly FairPool[]): Promise<void> {
    this.pools = pools;
  }
  async stats(): Promise<JvmStats> {
    return { ...IDLE, pools: await this.usage() };
  }
  onContextLost(listener: (cause: string) => void): void {
    this.#lost.push(listener);
  }
  onReady(listener: (info: DriverInfo) => void): void {
    this.#ready.push(listener);
  }
}
