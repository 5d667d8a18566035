import type { SessionState } from '../domain/session.ts';
import type { Driver } from '../drivers/driver.ts';
import type { SessionStore } from '../store/store.ts';
import { repeatUntilDone } from '../util/backoff.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { DriverGate } from './driver-gate.ts';
import type { LiveSession } from './live-session.ts';
import type { SessionClosing } from './session-lease.ts';

export interface SessionEndingOptions {
  readonly store: SessionStore;
  readonly driver: Driver;
  readonly gate: DriverGate;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the repetitions of writes when the server stops. */
  readonly signal: AbortSignal;
}

export type ClosingListener = (jobIds: readonly string[], closing: SessionClosing) => void;

const BACKOFF = { firstMs: 100, maxMs: 5000 };

/** How a session ends: because someone says so, because it was idle, or with its driver. */
export class SessionEnding {
  readonly #options: SessionEndingOptions;
  readonly #forget: (live: LiveSession) => void;
  readonly #closingListeners: ClosingListener[] = [];

  constructor(options: SessionEndingOptions, forget: (live: LiveSession) => void) {
    this.#options = options;
    this.#forget = forget;
  }

  onClosing(listener: ClosingListener): void {
    this.#closingListeners.push(listener);
  }

  /** Its jobs first. Resolves when it is DEAD. */
  end(live: LiveSession, cause: string, closing: SessionClosing): Promise<void> {
    if (live.ending) return live.ended.promise;
    live.record = { ...live.record, state: 'STOPPING', cause };
    const jobs = live.close(closing);
    for (const listener of this.#closingListeners) listener(jobs, closing);
    this.note(live, ['STARTING', 'RUNNING']);
    if (live.activeJobs === 0) void this.#finish(live);
    return live.ended.promise;
  }

  /** The last job of the session has ended. */
  idle(live: LiveSession): void {
    live.record = { ...live.record, lastActivity: this.#options.clock.now() };
    if (live.ending) void this.#finish(live);
  }

  /** One timer a session, which looks again after what is left: statements never touch it. */
  watch(live: LiveSession, ms: number): void {
    this.#options.clock.after(ms, () => {
      if (live.ending || this.#options.signal.aborted) return;
      const { idleTimeoutMs, lastActivity } = live.record;
      const left = lastActivity + idleTimeoutMs - this.#options.clock.now();
      if (live.activeJobs > 0) this.watch(live, idleTimeoutMs);
      else if (left > 0) this.watch(live, left);
      else void this.end(live, 'IDLE_TIMEOUT', 'SESSION_DELETED');
    });
  }

  /** Before its end the stored state of a session is for readers only: a miss does no harm. */
  note(live: LiveSession, from: readonly SessionState[]): void {
    const { store, clock, log } = this.#options;
    const { id, state, cause } = live.record;
    store.transition(id, from, state, cause, clock.now()).catch((error: unknown) => {
      log.warn({ err: error, sessionId: id }, 'the state of a session was not stored');
    });
  }

  async #finish(live: LiveSession): Promise<void> {
    const { driver, gate, store, clock, log, signal } = this.#options;
    const { id } = live;
    const { cause } = live.record;
    if (live.opened && gate.ready) {
      await driver.closeSession(id).catch((error: unknown) => {
        log.warn({ err: error, sessionId: id }, 'a session could not be closed in the driver');
      });
    }
    const write = () =>
      store.transition(id, ['STARTING', 'RUNNING', 'STOPPING'], 'DEAD', cause, clock.now());
    try {
      await repeatUntilDone(write, {
        ...BACKOFF,
        clock,
        signal,
        onFault: (error) => log.error({ err: error, sessionId: id }, 'the end was not stored'),
      });
    } catch {
      // The server stops meanwhile: the next one finds the session and settles it.
    }
    live.record = { ...live.record, state: 'DEAD', endedAt: clock.now() };
    this.#forget(live);
    live.ended.resolve();
  }
}
