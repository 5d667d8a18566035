import type { FairPool } from '../domain/pool.ts';
import { type Deferred, deferred } from '../util/deferred.ts';
import {
  type Driver,
  type DriverConfig,
  type DriverInfo,
  type DriverJob,
  type DriverJobObserver,
  DriverStartError,
  type JvmStats,
} from './driver.ts';
import { HostReplies } from './host-replies.ts';
import { type JobHostEvent, tellObserver } from './job-events.ts';
import { type HostEvent, type HostRequest, hostEventsSchema, jvmStatsSchema } from './protocol.ts';

/** The way to a driver host: JNI, or a socket. */
export interface HostTransport {
  /**
   * Rejects when there is no way. `onEvents` gets JSON arrays of events, oldest first; `onClosed`
   * is called once, with the cause, when the host is gone: never where it lives in this process.
   */
  open(onEvents: (json: string) => void, onClosed: (cause: string) => void): Promise<void>;
  send(json: string): void;
}

/**
 * Hears of events that are not in the protocol, from a host of another version or one that has gone
 * mad, and of those that the server itself could not handle.
 */
export type OnFault = (message: string, whose: 'host' | 'server') => void;

/** Speaks the protocol with a driver host, whatever the transport. */
export class HostClient implements Driver {
  readonly #transport: HostTransport;
  readonly #onFault: OnFault;
  readonly #replies = new HostReplies();
  readonly #observers = new Map<string, DriverJobObserver>();
  readonly #contextLostListeners: ((cause: string) => void)[] = [];
  readonly #readyListeners: ((info: DriverInfo) => void)[] = [];
  #opened: Promise<void> | null = null;
  #starting: Deferred<DriverInfo> | null = null;
  #stopping: Deferred<void> | null = null;
  #closed: string | null = null;
  /** Newer than those of the start. */
  #pools: readonly FairPool[] | null = null;
  #begun = false;
  #wasReady = false;

  constructor(transport: HostTransport, onFault: OnFault) {
    this.#transport = transport;
    this.#onFault = onFault;
  }

  async start(config: DriverConfig): Promise<DriverInfo> {
    this.#opened ??= this.#transport.open(
      (json) => this.#receive(json),
      (cause) => this.#close(cause),
    );
    try {
      await this.#opened;
    } catch (error) {
      this.#opened = null;
      throw new DriverStartError(error instanceof Error ? error.message : String(error));
    }
    if (this.#closed !== null) throw new DriverStartError(this.#closed);
    this.#starting = deferred<DriverInfo>();
    this.#begun = true;
    this.#send({
      request: 'start',
      ...config,
      pools: poolsOf(this.#pools ?? config.pools),
      sqlPolicy: policyOf(config),
      python: config.python === null ? null : { ...config.python, path: [...config.python.path] },
    });
    return this.#starting.promise;
  }

  async stop(): Promise<void> {
    if (this.#opened === null || this.#closed !== null) return;
    if (this.#stopping === null) {
      this.#stopping = deferred<void>();
      this.#send({ request: 'stop' });
    }
    await this.#stopping.promise;
  }

  submit(job: DriverJob, observer: DriverJobObserver): void {
    this.#observers.set(job.jobId, observer);
    this.#send({
      request: 'submit',
      ...job,
      parameters: [...job.parameters],
      args: [...job.args],
    });
  }

  cancel(jobId: string): void {
    this.#send({ request: 'cancel', jobId });
  }

  async openSession(sessionId: string, settings: Readonly<Record<string, string>>): Promise<void> {
    await this.#ask((requestId) => ({ request: 'openSession', requestId, sessionId, settings }));
  }

  async closeSession(sessionId: string): Promise<void> {
    await this.#ask((requestId) => ({ request: 'closeSession', requestId, sessionId }));
  }

  async unmodifiableKeys(keys: readonly string[]): Promise<readonly string[]> {
    const value = await this.#ask((requestId) => ({
      request: 'unmodifiableKeys',
      requestId,
      keys: [...keys],
    }));
    return value as readonly string[];
  }

  async setPools(pools: readonly FairPool[]): Promise<void> {
    this.#pools = pools;
    // The start brings them, here or in the next process.
    if (!this.#begun || this.#closed !== null) return;
    await this.#ask((requestId) => ({ request: 'setPools', requestId, pools: poolsOf(pools) }));
  }

  async stats(): Promise<JvmStats> {
    return jvmStatsSchema.parse(await this.#ask((requestId) => ({ request: 'stats', requestId })));
  }

  /** Resolves when the host answers: its threads run, and it reads and writes. */
  async ping(): Promise<void> {
    await this.#ask((requestId) => ({ request: 'ping', requestId }));
  }

  onContextLost(listener: (cause: string) => void): void {
    this.#contextLostListeners.push(listener);
  }

  onReady(listener: (info: DriverInfo) => void): void {
    this.#readyListeners.push(listener);
  }

  #ask(request: (requestId: number) => HostRequest): Promise<unknown> {
    if (this.#closed !== null) return Promise.reject(new Error(this.#closed));
    const { requestId, answer } = this.#replies.expect();
    this.#send(request(requestId));
    return answer;
  }

  #send(request: HostRequest): void {
    this.#transport.send(JSON.stringify(request));
  }

  /** The host is gone: nobody waits for it any longer. */
  #close(cause: string): void {
    if (this.#closed !== null) return;
    this.#closed = cause;
    this.#starting?.reject(new DriverStartError(cause));
    this.#starting = null;
    this.#replies.abandon(cause);
    this.#observers.clear();
    this.#stopping?.resolve();
    if (!this.#wasReady || this.#stopping !== null) return;
    for (const listener of this.#contextLostListeners) listener(cause);
  }

  /** Never throws: on the other side waits the pump of all events. */
  #receive(json: string): void {
    const events = hostEventsSchema.safeParse(parsed(json));
    if (!events.success) {
      this.#onFault(`events that are not in the protocol: ${events.error.message}`, 'host');
      return;
    }
    for (const event of events.data) {
      try {
        this.#handle(event);
      } catch (error) {
        this.#onFault(`the event ${event.event} was not handled: ${String(error)}`, 'server');
      }
    }
  }

  #handle(event: HostEvent): void {
    switch (event.event) {
      case 'ready':
        this.#ready(event);
        break;
      case 'startFailed':
        this.#starting?.reject(new DriverStartError(event.message));
        this.#starting = null;
        break;
      case 'contextLost':
        for (const listener of this.#contextLostListeners) listener(event.cause);
        break;
      case 'stopped':
        this.#starting?.reject(new DriverStartError('the driver was stopped while it started'));
        this.#replies.abandon('the driver has stopped');
        this.#stopping?.resolve();
        break;
      case 'reply':
        this.#replies.settle(event.requestId, event.value, event.error);
        break;
      default:
        this.#tell(event);
    }
  }

  #tell(event: JobHostEvent): void {
    const observer = this.#observers.get(event.jobId);
    if (observer === undefined) return;
    if (tellObserver(observer, event) === 'ended') this.#observers.delete(event.jobId);
  }

  #ready({ event: _, ...info }: Extract<HostEvent, { event: 'ready' }>): void {
    this.#wasReady = true;
    this.#starting?.resolve(info);
    this.#starting = null;
    for (const listener of this.#readyListeners) listener(info);
  }
}

/** The text of a host in another process may be anything. */
const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
};

/** A definition may hold more than is the driver's business. */
const poolsOf = (pools: readonly FairPool[]): FairPool[] =>
  pools.map(({ name, schedulingMode, weight, minShare }) => ({
    name,
    schedulingMode,
    weight,
    minShare,
  }));

const policyOf = ({ sqlPolicy }: DriverConfig) => ({
  ...sqlPolicy,
  allowedRoots: [...sqlPolicy.allowedRoots],
});
