import type { FairPool } from '../../domain/pool.ts';
import { backoffDelay } from '../../util/backoff.ts';
import { within } from '../../util/clock.ts';
import {
  type Driver,
  type DriverConfig,
  type DriverInfo,
  type DriverJob,
  type DriverJobObserver,
  DriverStartError,
  type JvmStats,
} from '../driver.ts';
import { Heartbeat } from '../heartbeat.ts';
import { HostClient } from '../host-client.ts';
import { AcrossUsers } from './across-users.ts';
import { ChildFolder } from './child-folder.ts';
import { ChildLife } from './child-life.ts';
import { childSettings, settingsApart, withFiles } from './child-settings.ts';
import { withComplaints } from './death-cause.ts';
import type { ChildOptions } from './options.ts';

const DELAYS = { firstMs: 250, maxMs: 30_000 };
/** A process that has lived so long starts the delays anew. */
const STEADY_MS = 15_000;

/** A process that runs, and the way to speak with it. */
interface Running {
  readonly life: ChildLife;
  readonly client: HostClient;
  /** The client, or what stands between it and a child that is somebody else. */
  readonly jobs: Pick<Driver, 'submit' | 'cancel'>;
}

/**
 * A driver in a process of its own, which is replaced when it dies.
 *
 *   idle ──start──▶ running ⇄ (process gone, growing delays, new process) ──stop──▶ stopped
 */
export class ChildDriver implements Driver {
  readonly #options: ChildOptions;
  readonly #asked: Readonly<Record<string, string>>;
  readonly #contextLostListeners: ((cause: string) => void)[] = [];
  readonly #readyListeners: ((info: DriverInfo) => void)[] = [];
  readonly #stopping = new AbortController();
  #running: Running | null = null;
  #pools: readonly FairPool[] | null = null;
  #stopped: Promise<void> | null = null;
  #failures = 0;

  /** `asked` goes over the configuration that `start` brings. */
  constructor(options: ChildOptions, asked: Readonly<Record<string, string>>) {
    this.#options = options;
    this.#asked = asked;
  }

  start(config: DriverConfig): Promise<DriverInfo> {
    return this.#begin(config);
  }

  stop(): Promise<void> {
    this.#stopping.abort();
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  submit(job: DriverJob, observer: DriverJobObserver): void {
    this.#alive().jobs.submit(job, observer);
  }

  cancel(jobId: string): void {
    this.#alive().jobs.cancel(jobId);
  }

  async openSession(sessionId: string, settings: Readonly<Record<string, string>>): Promise<void> {
    await this.#client().openSession(sessionId, settings);
  }

  async closeSession(sessionId: string): Promise<void> {
    await this.#client().closeSession(sessionId);
  }

  async unmodifiableKeys(keys: readonly string[]): Promise<readonly string[]> {
    return this.#client().unmodifiableKeys(keys);
  }

  async setPools(pools: readonly FairPool[]): Promise<void> {
    this.#pools = pools;
    await this.#running?.client.setPools(pools);
  }

  async stats(): Promise<JvmStats> {
    return this.#client().stats();
  }

  onContextLost(listener: (cause: string) => void): void {
    this.#contextLostListeners.push(listener);
  }

  onReady(listener: (info: DriverInfo) => void): void {
    this.#readyListeners.push(listener);
  }

  #client(): HostClient {
    return this.#alive().client;
  }

  #alive(): Running {
    if (this.#running === null) throw new Error('The driver has no process');
    return this.#running;
  }

  /** A new process, until it answers; when that fails nothing of it is left. */
  async #begin(config: DriverConfig): Promise<DriverInfo> {
    const options = this.#options;
    const { folder, asked } = await this.#makeFolder();
    const ports = options.ports.take();
    const whole = childSettings(config.sparkConf, asked, { ports, localIp: options.localIp });
    const settings = folder.uid === null ? whole : settingsApart(whole, folder.own);
    const life = new ChildLife({ options, ports, settings, folder });
    void life.over.then(() => {
      options.ports.give(ports.slot);
      if (folder.uid !== null) options.users?.give(folder.uid);
    });
    const client = new HostClient(life, (fault, whose) => {
      options.log.error({ fault }, 'driver host fault');
      // Ends of jobs may have been among them.
      if (whose === 'host') life.kill('sent what is no message');
    });
    const jobs = folder.uid === null ? client : new AcrossUsers(client, folder, options.log);
    this.#running = { life, client, jobs };
    client.onContextLost((cause) => this.#tellLost(cause));
    client.onReady((info) => {
      for (const listener of this.#readyListeners) listener(info);
    });
    try {
      const info = await this.#untilReady(
        life,
        client.start({ ...config, pools: this.#pools ?? config.pools, sparkConf: settings }),
      );
      this.#keep(life, client, config);
      return info;
    } catch (error) {
      life.kill('did not start');
      const { log } = await life.over;
      if (this.#stopping.signal.aborted) throw stoppedWhileStarting();
      throw new DriverStartError(withComplaints((error as Error).message, log));
    }
  }

  /** Of a user of its own, where there are any, with what it was asked to bring along. */
  async #makeFolder(): Promise<{ folder: ChildFolder; asked: Readonly<Record<string, string>> }> {
    const { users } = this.#options;
    this.#throwIfStopped();
    const folder = new ChildFolder(this.#options, users === null ? null : await users.take());
    try {
      this.#throwIfStopped();
      await folder.make();
      const asked = await withFiles(this.#asked, (path) => folder.reachable(path));
      this.#throwIfStopped();
      return { folder, asked };
    } catch (error) {
      await folder.clear();
      if (folder.uid !== null) users?.give(folder.uid);
      if (error instanceof DriverStartError) throw error;
      throw new DriverStartError(`The driver has no folder: ${(error as Error).message}`);
    }
  }

  #throwIfStopped(): void {
    if (this.#stopping.signal.aborted) throw stoppedWhileStarting();
  }

  async #untilReady(life: ChildLife, ready: Promise<DriverInfo>): Promise<DriverInfo> {
    const { clock, startTimeoutMs } = this.#options;
    const info = await within(clock, startTimeoutMs, ready, null);
    if (info !== null) return info;
    ready.catch(() => {});
    const seconds = Math.round(startTimeoutMs / 1000);
    life.kill(`did not start within ${seconds} s`);
    throw new DriverStartError(
      `The driver did not start within ${seconds} s (libra.session.start-timeout)`,
    );
  }

  /** From now on its end is a loss, and it has to answer. */
  #keep(life: ChildLife, client: HostClient, config: DriverConfig): void {
    const { clock, heartbeat } = this.#options;
    const readyAt = clock.now();
    const beat = new Heartbeat({
      ...heartbeat,
      clock,
      ping: () => client.ping(),
      heardAt: () => life.heardAt,
      blockedSince: () => life.blockedSince,
      onHang: (fault) => life.kill(fault),
    });
    void life.over.then(() => {
      beat.stop();
      if (clock.now() - readyAt > STEADY_MS) this.#failures = 0;
      void this.#replace(config);
    });
  }

  async #replace(config: DriverConfig): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#failures += 1;
      await this.#pause(backoffDelay(DELAYS, this.#failures));
      if (this.#stopping.signal.aborted) return;
      try {
        await this.#begin(config);
        return;
      } catch (error) {
        if (!this.#stopping.signal.aborted) this.#tellLost((error as Error).message);
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(ms, resolve);
      this.#stopping.signal.addEventListener('abort', () => {
        timer.cancel();
        resolve();
      });
    });
  }

  #tellLost(cause: string): void {
    for (const listener of this.#contextLostListeners) listener(cause);
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    if (running !== null) await running.life.stop(() => running.client.stop());
  }
}

const stoppedWhileStarting = (): DriverStartError =>
  new DriverStartError('The driver was stopped while it started');
