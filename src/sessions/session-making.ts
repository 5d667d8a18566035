import { Problem } from '../domain/errors.ts';
import { redact } from '../domain/redaction.ts';
import type { Session, SessionMode } from '../domain/session.ts';
import type { IdempotencyKey, KeyedResource, SessionStore } from '../store/store.ts';
import type { Clock } from '../util/clock.ts';
import type { DriverFleet } from './driver-fleet.ts';
import type { DriverHandle } from './driver-handle.ts';
import type { FleetDriver } from './fleet-driver.ts';
import type { LiveSession } from './live-session.ts';
import { lostWhileOpening, taken } from './session-problems.ts';

type Settings = Readonly<Record<string, string>>;

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

export interface SessionMakingOptions {
  readonly store: SessionStore;
  readonly shared: DriverHandle;
  readonly fleet: DriverFleet;
  readonly clock: Clock;
  readonly serverId: string;
  readonly idleTimeoutMs: number;
  readonly redactionPattern: string;
}

/** Takes a session that is on disk among the live ones; `own` is its driver, if it has one yet. */
export type Adopt = (
  record: Session,
  settings: Settings,
  own: FleetDriver | null,
  opened: boolean,
) => LiveSession;

/** How a session comes to be, on disk and in its driver. What is refused leaves nothing behind. */
export class SessionMaking {
  readonly #options: SessionMakingOptions;
  readonly #adopt: Adopt;

  constructor(options: SessionMakingOptions, adopt: Adopt) {
    this.#options = options;
    this.#adopt = adopt;
  }

  /** By POST: it is open in the driver before it has a record. */
  async shared(
    session: NewSession,
    idempotency: IdempotencyKey | null,
  ): Promise<LiveSession | KeyedResource> {
    const { driver, gate } = this.#options.shared;
    const { id, settings } = session;
    const { epoch } = gate;
    await driver.openSession(id, settings);
    try {
      const kept = await this.#keep(session, 'RUNNING', idempotency);
      if (!('resourceId' in kept)) return this.#adopt(kept, settings, null, epoch === gate.epoch);
      await driver.closeSession(id);
      return kept;
    } catch (error) {
      await driver.closeSession(id).catch(() => {});
      throw error;
    }
  }

  /** By POST: it is there at once, and its driver later, unless one stands ready. */
  async isolated(
    session: NewSession,
    idempotency: IdempotencyKey | null,
  ): Promise<LiveSession | KeyedResource> {
    const { settings, atRunTime } = session;
    const own = this.#options.fleet.acquire(settings, 'isolated', atRunTime);
    const { epoch, ready } = own.gate;
    try {
      const open = ready && (await this.#openWarm(own, session));
      const kept = await this.#keep(session, open ? 'RUNNING' : 'STARTING', idempotency);
      if (!('resourceId' in kept)) {
        return this.#adopt(kept, settings, own, open && epoch === own.gate.epoch);
      }
      void own.end('its session was made before');
      return kept;
    } catch (error) {
      void own.end('its session was not made');
      throw error;
    }
  }

  /** False where the process died meanwhile: the driver brings another one, and the session waits. */
  async #openWarm(own: FleetDriver, { id, settings }: NewSession): Promise<boolean> {
    try {
      await own.driver.openSession(id, settings);
      return true;
    } catch (error) {
      if (own.state === 'ready') throw error;
      if (own.state === 'recovering') return false;
      throw lostWhileOpening(error);
    }
  }

  /** By its first statement, which has seen that there is room for it. */
  async atFirstUse(id: string, owner: string, mode: SessionMode, needsDriver: boolean) {
    const { store, fleet } = this.#options;
    const own = mode === 'ISOLATED' && needsDriver ? fleet.acquire({}, 'isolated', true) : null;
    try {
      const record = this.record({ id, owner, mode });
      const answer = await store.create(record, null);
      if ('taken' in answer) throw new Problem('INTERNAL', `The session "${id}" is in use.`);
      this.#adopt(record, {}, own, false);
    } catch (error) {
      void own?.end('its session was not made');
      throw error;
    }
  }

  /** A session of a former server that held no state: its waiting jobs still run. */
  async again(former: Session, settings: Settings): Promise<void> {
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
    this.#adopt(record, settings, null, false);
  }

  record({ id, owner, mode }: Pick<Session, 'id' | 'owner' | 'mode'>): Session {
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

  async #keep(
    session: NewSession,
    state: 'STARTING' | 'RUNNING',
    idempotency: IdempotencyKey | null,
  ): Promise<Session | KeyedResource> {
    const { store, redactionPattern, idleTimeoutMs } = this.#options;
    const record: Session = {
      ...this.record(session),
      state,
      explicit: true,
      sparkConfig: redact(session.sparkConfig, redactionPattern),
      idleTimeoutMs: session.idleTimeoutMs ?? idleTimeoutMs,
    };
    const answer = await store.create(record, idempotency);
    if ('taken' in answer) throw taken(session.id);
    return answer.created ? record : answer;
  }
}
