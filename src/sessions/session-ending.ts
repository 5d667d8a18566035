import type { SessionState } from '../domain/session.ts';
import type { SessionStore } from '../store/store.ts';
import { repeatUntilDone } from '../util/backoff.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { LiveSession } from './live-session.ts';
import type { SessionClosing } from './session-lease.ts';

export interface SessionEndingOptions {
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the repetitions of writes when the server stops. */
  readonly signal: AbortSignal;
}

export type ClosingListener = (jobIds: readonly string[], closing: SessionClosing) => void;

const BACKOFF = { firstMs: 100, maxMs: 5000 };
/** After that the driver of a deleted session is ended under the jobs that resist their cancel. */
const CANCEL_GRACE_MS = 4000;

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

  /** Its jobs first. Resolves when it is DEAD and nothing of a driver of its own is left. */
  end(live: LiveSession, cause: string, closing: SessionClosing): Promise<void> {
    if (live.ending) return live.ended.promise;
    live.record = { ...live.record, state: 'STOPPING', cause };
    const jobs = live.close(closing);
    for (const listener of this.#closingListeners) listener(jobs, closing);
    this.note(live, ['STARTING', 'RUNNING']);
    if (live.own !== null) this.#endDriver(live, closing);
    this.#finishWhenDone(live);
    return live.ended.promise;
  }

  /** A job of the session has ended. */
  released(live: LiveSession): void {
    if (live.activeJobs === 0) {
      live.record = { ...live.record, lastActivity: this.#options.clock.now() };
    }
    if (live.ending) this.#finishWhenDone(live);
  }

  /** One timer a session, which looks again after what is left: statements never touch it. */
  watch(live: LiveSession, ms: number): void {
    this.#options.clock.after(ms, () => {
      if (live.ending || this.#options.signal.aborted) return;
      const { idleTimeoutMs, lastActivity } = live.record;
      const left = lastActivity + idleTimeoutMs - this.#options.clock.now();
      const starts = live.own !== null && live.own.state === 'starting';
      if (live.activeJobs > 0 || starts) this.watch(live, idleTimeoutMs);
      else if (left > 0) this.watch(live, left);
      else void this.end(live, 'IDLE_TIMEOUT', { code: 'SESSION_DELETED', reason: 'idle' });
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

  /** Jobs that are being cancelled get a while; where nothing runs there is nothing to wait for. */
  #endDriver(live: LiveSession, closing: SessionClosing): void {
    const { own } = live;
    if (own === null) return;
    const why = `its session ends: ${closing.code}`;
    if (closing.code !== 'SESSION_DELETED' || own.state !== 'ready') void own.end(why);
    else this.#options.clock.after(CANCEL_GRACE_MS, () => void own.end(why));
  }

  /** Programs of their own need nothing of a session that was lost; of a deleted one they end. */
  #finishWhenDone(live: LiveSession): void {
    if (live.finishing) return;
    if (live.driverJobs === 0) void live.own?.end('its session has ended');
    const lost = live.closing?.code !== 'SESSION_DELETED';
    if (live.driverJobs > 0 || (!lost && live.activeJobs > 0)) return;
    live.finishing = true;
    void this.#finish(live);
  }

  async #finish(live: LiveSession): Promise<void> {
    const { store, clock, log, signal } = this.#options;
    const { id } = live;
    const { cause } = live.record;
    await this.#leaveDriver(live);
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

  async #leaveDriver({ id, own, handle, opened }: LiveSession): Promise<void> {
    if (own !== null) return own.end('its session has ended');
    if (!opened || handle === null || !handle.gate.ready) return;
    await handle.driver.closeSession(id).catch((error: unknown) => {
      this.#options.log.warn(
        { err: error, sessionId: id },
        'a session could not be closed in the driver',
      );
    });
  }
}
