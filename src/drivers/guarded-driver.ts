import type { JobError } from '../domain/job.ts';
import { jobError } from '../domain/job-error.ts';
import type { FairPool } from '../domain/pool.ts';
import type { Column, ResultSummary } from '../domain/result.ts';
import type {
  Driver,
  DriverConfig,
  DriverInfo,
  DriverJob,
  DriverJobObserver,
  JvmStats,
} from './driver.ts';

const lost = (code: 'DRIVER_LOST' | 'SERVER_STOPPED', message: string): JobError =>
  jobError(code, message, true);

/** Passes on what comes before the end, the first end, and nothing after it. */
class OneEndObserver implements DriverJobObserver {
  readonly #inner: DriverJobObserver;
  readonly #onEnd: () => void;
  #ended = false;

  constructor(inner: DriverJobObserver, onEnd: () => void) {
    this.#inner = inner;
    this.#onEnd = onEnd;
  }

  started(): void {
    if (!this.#ended) this.#inner.started();
  }

  progress(fraction: number): void {
    if (!this.#ended) this.#inner.progress(fraction);
  }

  waitsFor(waitingFor: 'EXECUTORS' | null): void {
    if (!this.#ended) this.#inner.waitsFor(waitingFor);
  }

  log(stream: 'stdout' | 'stderr', text: string): void {
    if (!this.#ended) this.#inner.log(stream, text);
  }

  schema(columns: readonly Column[]): void {
    if (!this.#ended) this.#inner.schema(columns);
  }

  rows(rowCount: number): void {
    if (!this.#ended) this.#inner.rows(rowCount);
  }

  succeeded(result: ResultSummary): void {
    this.#end(() => this.#inner.succeeded(result));
  }

  failed(error: JobError): void {
    this.#end(() => this.#inner.failed(error));
  }

  cancelled(): void {
    this.#end(() => this.#inner.cancelled());
  }

  lost(error: JobError): void {
    this.#end(() => this.#inner.lost(error));
  }

  #end(tell: () => void): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    tell();
  }
}

/**
 * The lifecycle guard around any host, so that hosts stay short. It starts the host once (a failed
 * start may be tried again), hands over jobs only while the host is ready, and sees to it that each
 * observer hears exactly one end: also when the host or its context is gone.
 *
 * idle ──start──▶ ready ⇄ (context lost, ready again) ──stop──▶ stopped
 */
export class GuardedDriver implements Driver {
  readonly #host: Driver;
  readonly #open = new Map<string, OneEndObserver>();
  readonly #contextLostListeners: ((cause: string) => void)[] = [];
  #started: Promise<DriverInfo> | null = null;
  #stopped: Promise<void> | null = null;
  #ready = false;

  constructor(host: Driver) {
    this.#host = host;
    host.onReady(() => {
      this.#ready = this.#stopped === null;
    });
    host.onContextLost((cause) => {
      this.#ready = false;
      this.#loseAll(lost('DRIVER_LOST', cause));
      for (const listener of this.#contextLostListeners) listener(cause);
    });
  }

  start(config: DriverConfig): Promise<DriverInfo> {
    this.#started ??= this.#host.start(config).catch((error: unknown) => {
      this.#started = null;
      throw error;
    });
    return this.#started;
  }

  stop(): Promise<void> {
    this.#ready = false;
    this.#stopped ??= this.#host
      .stop()
      .finally(() => this.#loseAll(lost('SERVER_STOPPED', 'The server stopped under the job')));
    return this.#stopped;
  }

  submit(job: DriverJob, observer: DriverJobObserver): void {
    const refusal = this.#refusal(job.jobId);
    if (refusal !== null) {
      queueMicrotask(() => observer.lost(refusal));
      return;
    }
    const guarded = new OneEndObserver(observer, () => this.#open.delete(job.jobId));
    this.#open.set(job.jobId, guarded);
    this.#host.submit(job, guarded);
  }

  cancel(jobId: string): void {
    if (this.#open.has(jobId)) this.#host.cancel(jobId);
  }

  async openSession(sessionId: string, settings: Readonly<Record<string, string>>): Promise<void> {
    await this.#whenReady().openSession(sessionId, settings);
  }

  async closeSession(sessionId: string): Promise<void> {
    await this.#whenReady().closeSession(sessionId);
  }

  async unmodifiableKeys(keys: readonly string[]): Promise<readonly string[]> {
    return this.#whenReady().unmodifiableKeys(keys);
  }

  setPools(pools: readonly FairPool[]): Promise<void> {
    return this.#host.setPools(pools);
  }

  async stats(): Promise<JvmStats> {
    return this.#whenReady().stats();
  }

  onContextLost(listener: (cause: string) => void): void {
    this.#contextLostListeners.push(listener);
  }

  onReady(listener: (info: DriverInfo) => void): void {
    this.#host.onReady(listener);
  }

  /** Why a job cannot be handed over now, or null. */
  #refusal(jobId: string): JobError | null {
    if (this.#stopped !== null) {
      return lost('SERVER_STOPPED', 'The server stopped before the job began');
    }
    if (!this.#ready) return lost('DRIVER_LOST', 'The driver is not ready');
    if (!this.#open.has(jobId)) return null;
    return jobError('INTERNAL', `Job ${jobId} is running already`);
  }

  #whenReady(): Driver {
    if (!this.#ready) throw new Error('The driver is not ready');
    return this.#host;
  }

  #loseAll(error: JobError): void {
    for (const observer of [...this.#open.values()]) observer.lost(error);
  }
}
