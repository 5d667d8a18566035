import type { Identity } from '../domain/identity.ts';
import { ANONYMOUS } from '../domain/identity.ts';
import { isName } from '../domain/ids.ts';
import type { Session, SessionMode } from '../domain/session.ts';
import { DEFAULT_SESSION } from '../domain/session.ts';
import type { IdempotencyKey, KeyedResource } from '../store/store.ts';
import type { DriverHandle } from './driver-handle.ts';
import type { FleetDriver } from './fleet-driver.ts';
import { LiveSession } from './live-session.ts';
import type { ClosingListener, SessionEndingOptions } from './session-ending.ts';
import { SessionEnding } from './session-ending.ts';
import type { Lease, SessionClosing } from './session-lease.ts';
import { requireUse, seesSession } from './session-lease.ts';
import type { NewSession, SessionMakingOptions } from './session-making.ts';
import { SessionMaking } from './session-making.ts';
import { badName, gone, noSession, taken, tooMany } from './session-problems.ts';

type Settings = Readonly<Record<string, string>>;

export interface SessionRegistryOptions extends SessionEndingOptions, SessionMakingOptions {
  /** What a session gets that is made at its first use. */
  readonly mode: SessionMode;
  readonly maxLight: number;
}

/**
 * The sessions; the only writer of session state.
 *
 *   STARTING   it has a record. SHARED: it is made in the driver when its first statement gets its
 *              turn. ISOLATED: its driver starts, or will with the first statement that needs it
 *   RUNNING    it is there; statements may come
 *   STOPPING   no statement may come; its jobs are told to end
 *   DEAD       the last job has ended and the driver has forgotten it, or its own driver is gone;
 *              the record has the cause
 *
 * `default` is the root session of the shared driver and goes between STARTING and RUNNING with
 * it; it is shared by everyone, so its owner is nobody in particular.
 *
 * Whether a session may end is decided in memory, in one turn of the event loop: it becomes
 * STOPPING, or a statement gets its lease, never both. When a driver loses its context, a session
 * that held no state of its own is quietly made again; one that did is DEAD. So is one whose own
 * driver does not start.
 */
export class SessionRegistry {
  readonly #options: SessionRegistryOptions;
  readonly #live = new Map<string, LiveSession>();
  /** Ids on their way into the store, so that two first statements make one session. */
  readonly #onTheirWay = new Map<string, Promise<unknown>>();
  readonly #making: SessionMaking;
  #reserved = 0;
  readonly #ending: SessionEnding;

  constructor(options: SessionRegistryOptions) {
    this.#options = options;
    this.#ending = new SessionEnding(options, (live) => this.#live.delete(live.id));
    this.#making = new SessionMaking(options, (...made) => this.#add(...made));
    options.shared.gate.listen({
      ready: () => this.#sharedReady(),
      lost: () => this.#sharedLost(),
    });
  }

  /** Called with the jobs of a session that ends. */
  onClosing(listener: ClosingListener): void {
    this.#ending.onClosing(listener);
  }

  /** Brings `default` up. */
  async start(): Promise<void> {
    if (this.has(DEFAULT_SESSION)) return;
    const { store, shared } = this.#options;
    const state = shared.gate.ready ? 'RUNNING' : 'STARTING';
    const record: Session = {
      ...this.#making.record({ id: DEFAULT_SESSION, owner: ANONYMOUS, mode: 'SHARED' }),
      state,
    };
    await store.create(record, null);
    this.#add(record, {}, null, false);
  }

  has(id: string): boolean {
    return this.#live.has(id);
  }

  all(): readonly LiveSession[] {
    return [...this.#live.values()];
  }

  /** The live session; 404 for what the identity may not see. */
  find(identity: Identity, id: string): LiveSession {
    const live = this.#live.get(id);
    if (live === undefined || !seesSession(identity, live.record)) throw noSession(id);
    return live;
  }

  /** The driver of a session that lives, or would live there if it were made now; null for none yet. */
  driverOf(id: string): DriverHandle | null {
    const live = this.#live.get(id);
    if (live !== undefined) return live.own?.state === 'stopping' ? null : live.handle;
    return this.#modeOf(id) === 'SHARED' ? this.#options.shared : null;
  }

  /**
   * Holds the session for a job; makes it when this is its first use. A job that needs the
   * session's driver brings it up; throws the Problem that says why there is no room for one.
   */
  async lease(identity: Identity, id: string, jobId: string, needsDriver: boolean): Promise<Lease> {
    if (!isName(id)) throw badName();
    for (;;) {
      const live = this.#live.get(id);
      if (live === undefined) {
        const making = this.#onTheirWay.get(id);
        const make = () => this.#makeAtFirstUse(identity, id, needsDriver);
        if (making === undefined) await this.#make(id, make);
        else await making.catch(() => {});
        continue;
      }
      requireUse(identity, live.record);
      if (!live.ending) return this.#lease(live, jobId, needsDriver);
      if (live.record.explicit) throw gone(id, live.record.cause);
      await live.ended.promise;
    }
  }

  /** Makes sure that the session exists in its driver. */
  async open(id: string): Promise<void> {
    const live = this.#live.get(id);
    if (live === undefined || live.opened || id === DEFAULT_SESSION) return;
    live.opening ??= this.#openInDriver(live).finally(() => {
      live.opening = null;
    });
    await live.opening;
  }

  /** On disk before the statement that changes the session runs. */
  async markStateful(id: string): Promise<void> {
    const live = this.#live.get(id);
    if (live === undefined || live.record.stateful || id === DEFAULT_SESSION) return;
    await this.#options.store.markStateful(id);
    live.record = { ...live.record, stateful: true };
  }

  /** By POST: what can be refused at once leaves nothing. */
  async create(
    session: NewSession,
    idempotency: IdempotencyKey | null,
  ): Promise<LiveSession | KeyedResource> {
    const { id } = session;
    // Whether the id is taken is known once the one before it was made or refused.
    while (this.#onTheirWay.has(id)) await this.#onTheirWay.get(id)?.catch(() => {});
    if (this.#live.has(id)) throw taken(id);
    if (session.mode === 'ISOLATED') {
      return this.#make(id, () => this.#making.isolated(session, idempotency));
    }
    const free = this.#reserve();
    return this.#make(id, () => this.#making.shared(session, idempotency)).finally(free);
  }

  /** A session of a former server that held no state: its waiting jobs still run. */
  revive(former: Session, settings: Settings): Promise<void> {
    return this.#making.again(former, settings);
  }

  /**
   * Holds a live session for a job that was accepted before; null when there is none. Throws the
   * Problem that says why it gets no driver.
   */
  hold(id: string, jobId: string, needsDriver: boolean): Lease | null {
    const live = this.#live.get(id);
    return live === undefined ? null : this.#lease(live, jobId, needsDriver);
  }

  /** Ends a session: its jobs first. Resolves when it is DEAD. */
  end(live: LiveSession, cause: string, closing: SessionClosing): Promise<void> {
    return this.#ending.end(live, cause, closing);
  }

  /** Those that have no driver of their own. */
  get lightCount(): number {
    let count = 0;
    for (const { id, own } of this.#live.values()) {
      if (own === null && id !== DEFAULT_SESSION) count += 1;
    }
    return count;
  }

  #modeOf(id: string): SessionMode {
    return id === DEFAULT_SESSION ? 'SHARED' : this.#options.mode;
  }

  #lease(live: LiveSession, jobId: string, needsDriver: boolean): Lease {
    if (needsDriver && live.handle === null) {
      const plain = Object.keys(live.settings).length === 0;
      this.#giveDriver(live, this.#options.fleet.acquire(live.settings, 'isolated', plain));
    }
    live.record = { ...live.record, lastActivity: this.#options.clock.now() };
    return live.lease(jobId, needsDriver);
  }

  async #makeAtFirstUse(identity: Identity, id: string, needsDriver: boolean): Promise<void> {
    const former = await this.#options.store.get(id);
    if (former?.state === 'DEAD' && former.explicit) {
      if (!seesSession(identity, former)) throw noSession(id);
      throw gone(id, former.cause);
    }
    const mode = this.#modeOf(id);
    const free = mode === 'ISOLATED' && needsDriver ? () => {} : this.#reserve();
    await this.#making.atFirstUse(id, identity.name, mode, needsDriver).finally(free);
  }

  /** One making of an id at a time; the caller has seen that there is none. */
  #make<T>(id: string, make: () => Promise<T>): Promise<T> {
    const making = make().finally(() => this.#onTheirWay.delete(id));
    this.#onTheirWay.set(id, making);
    return making;
  }

  /** Room for one more session without a driver, until it is among the live ones. */
  #reserve(): () => void {
    if (this.lightCount + this.#reserved >= this.#options.maxLight) {
      throw tooMany(this.#options.maxLight);
    }
    this.#reserved += 1;
    return () => {
      this.#reserved -= 1;
    };
  }

  async #openInDriver(live: LiveSession): Promise<void> {
    const { handle } = live;
    if (handle === null) throw new Error('the session has no driver');
    const { epoch } = handle.gate;
    await handle.driver.openSession(live.id, live.openSettings);
    live.opened = epoch === handle.gate.epoch;
    if (!live.opened || live.record.state !== 'STARTING') return;
    const { lastActivity } = live.record;
    const now = live.own === null ? lastActivity : this.#options.clock.now();
    live.record = { ...live.record, state: 'RUNNING', lastActivity: now };
    this.#ending.note(live, ['STARTING']);
  }

  #add(record: Session, settings: Settings, own: FleetDriver | null, opened: boolean): LiveSession {
    const handle = record.mode === 'SHARED' ? this.#options.shared : null;
    const live = new LiveSession(record, settings, handle, (session) =>
      this.#ending.released(session),
    );
    live.opened = opened;
    this.#live.set(record.id, live);
    if (own !== null) this.#giveDriver(live, own);
    if (record.id !== DEFAULT_SESSION) this.#ending.watch(live, record.idleTimeoutMs);
    return live;
  }

  #giveDriver(live: LiveSession, own: FleetDriver): void {
    live.own = own;
    live.handle = own;
    // One that was made for the session has its settings already.
    live.openSettings = own.madeWarm ? live.settings : {};
    own.listen({
      ready: () => void this.#openOwn(live),
      lost: (cause) => this.#ownLost(live, cause),
      failed: (reason) => this.#ownFailed(live, reason),
    });
    // What happened while the session was on its way to the disk.
    if (own.failure !== null) this.#ownFailed(live, own.failure);
    else if (own.gate.ready && !live.opened) void this.#openOwn(live);
  }

  async #openOwn(live: LiveSession): Promise<void> {
    try {
      await this.open(live.id);
    } catch (error) {
      // A driver that was lost meanwhile comes again, or fails.
      if (live.ending || live.own?.state !== 'ready') return;
      this.#ownFailed(live, error instanceof Error ? error.message : String(error));
    }
  }

  #ownLost(live: LiveSession, cause: string): void {
    if (live.ending) return;
    live.opened = false;
    if (live.record.stateful) {
      void this.end(live, cause, { code: 'SESSION_LOST', reason: cause });
      return;
    }
    live.record = { ...live.record, state: 'STARTING' };
    this.#ending.note(live, ['RUNNING']);
  }

  #ownFailed(live: LiveSession, reason: string): void {
    live.opened = false;
    void this.end(live, reason, { code: 'DRIVER_START_FAILED', reason });
  }

  #sharedReady(): void {
    const live = this.#live.get(DEFAULT_SESSION);
    if (live === undefined) return;
    live.record = { ...live.record, state: 'RUNNING' };
    this.#ending.note(live, ['STARTING']);
  }

  #sharedLost(): void {
    for (const live of this.#live.values()) {
      if (live.ending || live.isolated) continue;
      live.opened = false;
      if (live.record.stateful && live.id !== DEFAULT_SESSION) {
        const reason = 'the shared driver ended';
        void this.end(live, 'DRIVER_LOST', { code: 'SESSION_LOST', reason });
        continue;
      }
      live.record = { ...live.record, state: 'STARTING' };
      this.#ending.note(live, ['RUNNING']);
    }
  }
}
