import { Problem } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import { ANONYMOUS } from '../domain/identity.ts';
import { isName, NAME_RULE } from '../domain/ids.ts';
import { redact } from '../domain/redaction.ts';
import type { Session } from '../domain/session.ts';
import { DEFAULT_SESSION } from '../domain/session.ts';
import type { IdempotencyKey, KeyedResource } from '../store/store.ts';
import { LiveSession } from './live-session.ts';
import type { ClosingListener, SessionEndingOptions } from './session-ending.ts';
import { SessionEnding } from './session-ending.ts';
import type { Lease, SessionClosing } from './session-lease.ts';
import { noSession, requireUse, seesSession } from './session-lease.ts';

type Settings = Readonly<Record<string, string>>;

export interface SessionRegistryOptions extends SessionEndingOptions {
  readonly serverId: string;
  readonly maxLight: number;
  readonly idleTimeoutMs: number;
  readonly redactionPattern: string;
}

export interface NewSession {
  readonly id: string;
  readonly owner: string;
  readonly settings: Settings;
  readonly idleTimeoutMs: number | null;
}

const RETRY_AFTER_SECONDS = 5;

/**
 * The sessions of the shared driver; the only writer of session state.
 *
 *   STARTING   it has a record, and is made in the driver when its first statement gets its turn
 *   RUNNING    it is there; statements may come
 *   STOPPING   no statement may come; its jobs are told to end
 *   DEAD       the last job has ended and the driver has forgotten it; the record has the cause
 *
 * `default` is the driver's root session and goes between STARTING and RUNNING with it; it is
 * shared by everyone, so its owner is nobody in particular.
 *
 * Whether a session may end is decided in memory, in one turn of the event loop: it becomes
 * STOPPING, or a statement gets its lease, never both. When the driver loses its context, a
 * session that held no state of its own is quietly made again; one that did is DEAD.
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
    options.gate.listen({ ready: () => this.#driverReady(), lost: () => this.#driverLost() });
  }

  /** Called with the jobs of a session that ends. */
  onClosing(listener: ClosingListener): void {
    this.#ending.onClosing(listener);
  }

  /** Brings `default` up. */
  async start(): Promise<void> {
    if (this.has(DEFAULT_SESSION)) return;
    const { store, idleTimeoutMs, gate } = this.#options;
    const state = gate.ready ? 'RUNNING' : 'STARTING';
    const record = {
      ...this.#record(DEFAULT_SESSION, ANONYMOUS, {}, idleTimeoutMs, false),
      state,
    } as const;
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

  /** Holds the session for a job; makes it when this is its first use. */
  async lease(identity: Identity, id: string, jobId: string): Promise<Lease> {
    if (!isName(id)) throw badName();
    for (;;) {
      const live = this.#live.get(id);
      if (live === undefined) {
        const making = this.#making.get(id);
        if (making === undefined) await this.#make(id, () => this.#makeAtFirstUse(identity, id));
        else await making.catch(() => {});
        continue;
      }
      requireUse(identity, live.record);
      if (!live.ending) {
        live.record = { ...live.record, lastActivity: this.#options.clock.now() };
        return live.lease(jobId);
      }
      if (live.record.explicit) throw gone(id);
      await live.ended.promise;
    }
  }

  /** Makes sure that the session exists in the driver. */
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

  /** By POST: it is open in the driver before it has a record, so that a refusal leaves nothing. */
  async create(
    session: NewSession,
    idempotency: IdempotencyKey | null,
  ): Promise<LiveSession | KeyedResource> {
    const { id } = session;
    // Whether the id is taken is known once the one before it was made or refused.
    while (this.#making.has(id)) await this.#making.get(id)?.catch(() => {});
    if (this.#live.has(id)) throw taken(id);
    const free = this.#reserve();
    return this.#make(id, () => this.#createOpen(session, idempotency)).finally(free);
  }

  /** A session of a former server that held no state: its waiting jobs still run. */
  async revive(former: Session): Promise<LiveSession> {
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
    return this.#add(record, former.sparkConfig);
  }

  /** Holds a live session for a job that was accepted before; null when there is none. */
  hold(id: string, jobId: string): Lease | null {
    return this.#live.get(id)?.lease(jobId) ?? null;
  }

  /** Ends a session: its jobs first. Resolves when it is DEAD. */
  end(live: LiveSession, cause: string, closing: SessionClosing): Promise<void> {
    return this.#ending.end(live, cause, closing);
  }

  get lightCount(): number {
    return this.#live.size - (this.#live.has(DEFAULT_SESSION) ? 1 : 0);
  }

  async #createOpen(
    session: NewSession,
    idempotency: IdempotencyKey | null,
  ): Promise<LiveSession | KeyedResource> {
    const { store, driver, gate, idleTimeoutMs } = this.#options;
    const { id, settings } = session;
    const { epoch } = gate;
    await driver.openSession(id, settings);
    const timeout = session.idleTimeoutMs ?? idleTimeoutMs;
    const record = {
      ...this.#record(id, session.owner, settings, timeout, true),
      state: 'RUNNING',
    } as const;
    try {
      const answer = await store.create(record, idempotency);
      if ('taken' in answer) throw taken(id);
      if (answer.created) return this.#add(record, settings, epoch === gate.epoch);
      await driver.closeSession(id);
      return answer;
    } catch (error) {
      await driver.closeSession(id).catch(() => {});
      throw error;
    }
  }

  async #makeAtFirstUse(identity: Identity, id: string): Promise<void> {
    const { store, idleTimeoutMs } = this.#options;
    const former = await store.get(id);
    if (former?.state === 'DEAD' && former.explicit) {
      if (!seesSession(identity, former)) throw noSession(id);
      throw gone(id);
    }
    const free = this.#reserve();
    try {
      const record = this.#record(id, identity.name, {}, idleTimeoutMs, false);
      const answer = await store.create(record, null);
      if ('taken' in answer) throw new Problem('INTERNAL', `The session "${id}" is in use.`);
      this.#add(record, {});
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

  /** Room for one more session, until it is among the live ones. */
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
    const { driver, gate } = this.#options;
    const { epoch } = gate;
    await driver.openSession(live.id, live.settings);
    live.opened = epoch === gate.epoch;
    if (live.record.state !== 'STARTING') return;
    live.record = { ...live.record, state: 'RUNNING' };
    this.#ending.note(live, ['STARTING']);
  }

  #add(record: Session, settings: Settings, opened = false): LiveSession {
    const live = new LiveSession(record, settings, (session) => this.#ending.idle(session));
    live.opened = opened;
    this.#live.set(record.id, live);
    if (record.id !== DEFAULT_SESSION) this.#ending.watch(live, record.idleTimeoutMs);
    return live;
  }

  #driverReady(): void {
    const live = this.#live.get(DEFAULT_SESSION);
    if (live === undefined) return;
    live.record = { ...live.record, state: 'RUNNING' };
    this.#ending.note(live, ['STARTING']);
  }

  #driverLost(): void {
    for (const live of this.#live.values()) {
      if (live.ending) continue;
      if (live.record.stateful && live.id !== DEFAULT_SESSION) {
        live.opened = false;
        void this.end(live, 'DRIVER_LOST', 'SESSION_LOST');
        continue;
      }
      live.opened = false;
      live.record = { ...live.record, state: 'STARTING' };
      this.#ending.note(live, ['RUNNING']);
    }
  }

  #record(
    id: string,
    owner: string,
    settings: Settings,
    idleTimeoutMs: number,
    explicit: boolean,
  ): Session {
    const { clock, serverId, redactionPattern } = this.#options;
    const now = clock.now();
    return {
      id,
      owner,
      mode: 'SHARED',
      state: 'STARTING',
      cause: null,
      explicit,
      stateful: false,
      sparkConfig: redact(settings, redactionPattern),
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

const taken = (id: string): Problem =>
  new Problem('SESSION_EXISTS', `The session id "${id}" is taken.`);

const gone = (id: string): Problem =>
  new Problem('SESSION_GONE', `The session "${id}" has ended; make it again with POST.`);
