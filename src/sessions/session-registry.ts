import { Problem } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import { ANONYMOUS } from '../domain/identity.ts';
import { isName, NAME_RULE } from '../domain/ids.ts';
import { redact } from '../domain/redaction.ts';
import type { Session, SessionMode } from '../domain/session.ts';
import { DEFAULT_SESSION } from '../domain/session.ts';
import type { IdempotencyKey, KeyedResource } from '../store/store.ts';
import type { DriverFleet } from './driver-fleet.ts';
import type { DriverHandle } from './driver-handle.ts';
import type { FleetDriver } from './fleet-driver.ts';
import { LiveSession } from './live-session.ts';
import type { ClosingListener, SessionEndingOptions } from './session-ending.ts';
import { SessionEnding } from './session-ending.ts';
import type { Lease, SessionClosing } from './session-lease.ts';
import { noSession, requireUse, seesSession } from './session-lease.ts';

type Settings = Readonly<Record<string, string>>;

export interface SessionRegistryOptions extends SessionEndingOptions {
  readonly shared: DriverHandle;
  readonly fleet: DriverFleet;
  /** What a session gets that is made at its first use. */
  readonly mode: SessionMode;
  readonly serverId: string;
  readonly maxLight: number;
  readonly idleTimeoutMs: number;
  readonly redactionPattern: string;
}

export interface NewSession {
  readonly id: string;
  readonly owner: string;
  readonly mode: SessionMode;
  /** As it was asked for. */
  readonly sparkConfig: Settings;
  /** With the places of what they name. */
  readonly settings: Settings;
  /** All of the settings can be set on a driver that runs. */
  readonly atRunTime: boolean;
  readonly idleTimeoutMs: number | null;
}

const RETRY_AFTER_SECONDS = 5;

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
  readonly #making = new Map<string, Promise<unknown>>();
  #reserved = 0;
  readonly #ending: SessionEnding;

  constructor(options: SessionRegistryOptions) {
    this.#options = options;
    this.#ending = new SessionEnding(options, (live) => this.#live.delete(live.id));
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
      ...this.#record({ id: DEFAULT_SESSION, owner: ANONYMOUS, mode: 'SHARED' }),
      state,
    };
    await store.create(record, null);
    this.#add(record, {});
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
        const making = this.#making.get(id);
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
    while (this.#making.has(id)) await this.#making.get(id)?.catch(() => {});
    if (this.#live.has(id)) throw taken(id);
    if (session.mode === 'ISOLATED') {
      return this.#make(id, () => this.#createIsolated(session, idempotency));
    }
    const free = this.#reserve();
    return this.#make(id, () => this.#createShared(session, idempotency)).finally(free);
  }

  /** A session of a former server that held no state: its waiting jobs still run. */
  async revive(former: Session, settings: Settings): Promise<void> {
    const { store, serverId, clock } = this.#options;
    const record: Session = {
      ...former,
      state: 'STARTING',
      cause: null,
      endedAt: null,
      lastActivity: clock.now(),
      serverId,
    };
    await store.create(record, null);
    this.#add(record, settings);
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

  async #createShared(
    session: NewSession,
    idempotency: IdempotencyKey | null,
  ): Promise<LiveSession | KeyedResource> {
    const { driver, gate } = this.#options.shared;
    const { id, settings } = session;
    const { epoch } = gate;
    await driver.openSession(id, settings);
    try {
      const made = await this.#keep(session, 'RUNNING', idempotency);
      if ('resourceId' in made) await driver.closeSession(id);
      else made.opened = epoch === gate.epoch;
      return made;
    } catch (error) {
      await driver.closeSession(id).catch(() => {});
      throw error;
    }
  }

  /** It is there at once, and its driver later: unless one stands ready. */
  async #createIsolated(
    session: NewSession,
    idempotency: IdempotencyKey | null,
  ): Promise<LiveSession | KeyedResource> {
    const { id, settings, atRunTime } = session;
    const own = this.#options.fleet.acquire(settings, 'isolated', atRunTime);
    const { epoch, ready } = own.gate;
    try {
      if (ready) await own.driver.openSession(id, settings);
      const made = await this.#keep(session, ready ? 'RUNNING' : 'STARTING', idempotency);
      if ('resourceId' in made) {
        void own.end('its session was made before');
        return made;
      }
      made.opened = ready && epoch === own.gate.epoch;
      this.#giveDriver(made, own);
      return made;
    } catch (error) {
      const died = ready && own.state !== 'ready';
      void own.end('its session was not made');
      throw died ? lostWhileOpening(error) : error;
    }
  }

  async #keep(
    session: NewSession,
    state: 'STARTING' | 'RUNNING',
    idempotency: IdempotencyKey | null,
  ): Promise<LiveSession | KeyedResource> {
    const { id, sparkConfig, settings, idleTimeoutMs } = session;
    const record: Session = {
      ...this.#record(session),
      state,
      explicit: true,
      sparkConfig: redact(sparkConfig, this.#options.redactionPattern),
      idleTimeoutMs: idleTimeoutMs ?? this.#options.idleTimeoutMs,
    };
    const answer = await this.#options.store.create(record, idempotency);
    if ('taken' in answer) throw taken(id);
    return answer.created ? this.#add(record, settings) : answer;
  }

  async #makeAtFirstUse(identity: Identity, id: string, needsDriver: boolean): Promise<void> {
    const { store, fleet } = this.#options;
    const former = await store.get(id);
    if (former?.state === 'DEAD' && former.explicit) {
      if (!seesSession(identity, former)) throw noSession(id);
      throw gone(id, former.cause);
    }
    const mode = this.#modeOf(id);
    const own = mode === 'ISOLATED' && needsDriver ? fleet.acquire({}, 'isolated', true) : null;
    const free = own === null ? this.#reserve() : () => {};
    try {
      const record = this.#record({ id, owner: identity.name, mode });
      const answer = await store.create(record, null);
      if ('taken' in answer) throw new Problem('INTERNAL', `The session "${id}" is in use.`);
      const live = this.#add(record, {});
      if (own !== null) this.#giveDriver(live, own);
    } catch (error) {
      void own?.end('its session was not made');
      throw error;
    } finally {
      free();
    }
  }

  /** One making of an id at a time; the caller has seen that there is none. */
  #make<T>(id: string, make: () => Promise<T>): Promise<T> {
    const making = make().finally(() => this.#making.delete(id));
    this.#making.set(id, making);
    return making;
  }

  /** Room for one more session without a driver, until it is among the live ones. */
  #reserve(): () => void {
    if (this.lightCount + this.#reserved >= this.#options.maxLight) {
      throw new Problem(
        'SESSION_LIMIT',
        `There are ${this.#options.maxLight} sessions already: delete one, or wait for one to end.`,
        { retryAfterSeconds: RETRY_AFTER_SECONDS },
      );
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
    if (live.record.state !== 'STARTING') return;
    const { lastActivity } = live.record;
    const now = live.own === null ? lastActivity : this.#options.clock.now();
    live.record = { ...live.record, state: 'RUNNING', lastActivity: now };
    this.#ending.note(live, ['STARTING']);
  }

  #add(record: Session, settings: Settings): LiveSession {
    const handle = record.mode === 'SHARED' ? this.#options.shared : null;
    const live = new LiveSession(record, settings, handle, (session) =>
      this.#ending.released(session),
    );
    this.#live.set(record.id, live);
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

  #record({ id, owner, mode }: Pick<Session, 'id' | 'owner' | 'mode'>): Session {
    const { clock, serverId, idleTimeoutMs } = this.#options;
    const now = clock.now();
    return {
      id,
      owner,
      mode,
      state: 'STARTING',
      cause: null,
      explicit: false,
      stateful: false,
      sparkConfig: {},
      idleTimeoutMs,
      createdAt: now,
      lastActivity: now,
      endedAt: null,
      serverId,
    };
  }
}

export const badName = (): Problem =>
  new Problem('INVALID_REQUEST', 'The session id is not valid.', {
    errors: [{ field: 'sessionId', message: `accepts ${NAME_RULE}` }],
  });

const lostWhileOpening = (cause: unknown): Problem =>
  new Problem('DRIVER_UNAVAILABLE', 'The driver ended while it opened the session.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause,
  });

const taken = (id: string): Problem =>
  new Problem('SESSION_EXISTS', `The session id "${id}" is taken.`);

const gone = (id: string, cause: string | null): Problem => {
  const why = cause === null ? '' : ` (${cause})`;
  return new Problem(
    'SESSION_GONE',
    `The session "${id}" has ended${why}; make it again with POST.`,
  );
};
