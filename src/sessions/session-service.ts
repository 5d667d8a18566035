import { v7 as uuid } from 'uuid';
import { Problem } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import { hasRole } from '../domain/identity.ts';
import { isName } from '../domain/ids.ts';
import type { Session, SessionMode } from '../domain/session.ts';
import { DEFAULT_SESSION } from '../domain/session.ts';
import { checkSettings } from '../domain/setting-rules.ts';
import type { Idempotency } from '../jobs/commands.ts';
import type { IdempotencyKeys } from '../jobs/idempotency-keys.ts';
import { replayed } from '../jobs/idempotency-keys.ts';
import type { ProgramSource } from '../jobs/program-source.ts';
import { answered } from '../jobs/store-problem.ts';
import type { IdempotencyKey, Store } from '../store/store.ts';
import { StoreUnavailableError } from '../store/store.ts';
import type { Clock } from '../util/clock.ts';
import { within } from '../util/clock.ts';
import type { DriverFleet } from './driver-fleet.ts';
import type { DriverHandle } from './driver-handle.ts';
import type { LiveSession } from './live-session.ts';
import type { RunTimeSettings } from './run-time-settings.ts';
import { requireDriver } from './run-time-settings.ts';
import { seesSession } from './session-lease.ts';
import type { NewSession } from './session-making.ts';
import { badName, noSession, taken } from './session-problems.ts';
import type { SessionRegistry } from './session-registry.ts';

export interface SessionView {
  readonly session: Session;
  readonly appId: string | null;
  readonly master: string;
  readonly sparkVersion: string | null;
  readonly activeJobs: number;
  readonly sparkUiUrl: string | null;
}

export interface CreateSessionCommand {
  readonly sessionId: string | null;
  readonly mode: SessionMode | null;
  readonly sparkConfig: Readonly<Record<string, string>>;
  readonly idleTimeoutMs: number | null;
}

export interface SessionServiceOptions {
  readonly registry: SessionRegistry;
  readonly shared: DriverHandle;
  readonly fleet: DriverFleet;
  readonly settings: RunTimeSettings;
  readonly programs: Pick<ProgramSource, 'resolveSettings'>;
  /** Keys and prefixes that sparkConfig may not hold. */
  readonly deniedSettings: readonly string[];
  readonly store: Store;
  readonly keys: IdempotencyKeys;
  readonly clock: Clock;
  /** As configured: what is shown until the driver says it. */
  readonly master: string;
  readonly mode: SessionMode;
  /** Throws while nothing is taken: before the settling, and from the drain on. */
  readonly requireOpen: () => void;
}

/** How long a DELETE waits for the jobs and the driver of the session; they go on ending after that. */
const END_WAIT_MS = 10_000;
const RETRY_AFTER_SECONDS = 5;
/** What ended by one of these is over; what ended otherwise is shown with its cause. */
const ASKED_FOR = ['DELETED', 'IDLE_TIMEOUT'];

/** Use cases of the sessions: `default` and light ones on one driver, others on their own. */
export class SessionService {
  readonly #options: SessionServiceOptions;

  constructor(options: SessionServiceOptions) {
    this.#options = options;
  }

  async list(identity: Identity): Promise<readonly SessionView[]> {
    return this.#options.registry
      .all()
      .filter((live) => seesSession(identity, live.record))
      .map((live) => this.#view(live));
  }

  /** One that died by itself is shown as long as its record is kept. */
  async get(identity: Identity, id: string): Promise<SessionView> {
    const { registry, store } = this.#options;
    if (registry.has(id)) return this.#view(registry.find(identity, id));
    const former = await answered(store.sessions.get(id));
    if (former === null || !seesSession(identity, former)) throw noSession(id);
    if (former.state !== 'DEAD' || ASKED_FOR.includes(former.cause ?? '')) throw noSession(id);
    return this.#viewOf(former, 0, null);
  }

  create(
    identity: Identity,
    command: CreateSessionCommand,
    idempotency: Idempotency | null,
  ): Promise<{ readonly view: SessionView; readonly replayed: boolean }> {
    return answered(this.#create(identity, command, idempotency));
  }

  /** `ended: false` when its jobs or its driver take longer. */
  async remove(identity: Identity, id: string): Promise<{ readonly ended: boolean }> {
    requireUser(identity);
    const { registry, clock } = this.#options;
    const live = registry.find(identity, id);
    if (id === DEFAULT_SESSION) {
      throw new Problem('SESSION_PROTECTED', 'The default session lives as long as the driver.');
    }
    if (live.record.owner !== identity.name && !hasRole(identity, 'admin')) {
      throw new Problem('FORBIDDEN', 'Only its owner and admins end a session.');
    }
    const end = registry.end(live, 'DELETED', { code: 'SESSION_DELETED', reason: 'deleted' });
    return {
      ended: await within(
        clock,
        END_WAIT_MS,
        end.then(() => true),
        false,
      ),
    };
  }

  async #create(
    identity: Identity,
    command: CreateSessionCommand,
    idempotency: Idempotency | null,
  ): Promise<{ readonly view: SessionView; readonly replayed: boolean }> {
    requireUser(identity);
    this.#options.requireOpen();
    const id = command.sessionId ?? uuid();
    if (!isName(id)) throw badName();
    const key =
      idempotency === null ? null : await this.#options.keys.keyOf(identity.name, idempotency);
    const known = key === null ? null : await this.#known(identity, key);
    if (known !== null) return { view: known, replayed: true };
    return this.#open(identity, await this.#wanted(identity, id, command), key);
  }

  /** Throws the Problem that says what such a session cannot have. */
  async #wanted(
    identity: Identity,
    id: string,
    command: CreateSessionCommand,
  ): Promise<NewSession> {
    const { sparkConfig, idleTimeoutMs } = command;
    const mode = command.mode ?? this.#options.mode;
    const session = { id, owner: identity.name, mode, sparkConfig, idleTimeoutMs };
    if (mode === 'SHARED') {
      await this.#options.settings.check(sparkConfig);
      await requireDriver(this.#options.shared.gate);
      return { ...session, settings: sparkConfig, atRunTime: true };
    }
    const { settings, fleet, programs, deniedSettings } = this.#options;
    checkSettings(sparkConfig, deniedSettings);
    const resolved = await programs.resolveSettings(identity, sparkConfig);
    fleet.check(resolved);
    return { ...session, settings: resolved, atRunTime: await settings.fitRunning(resolved) };
  }

  async #open(
    identity: Identity,
    session: NewSession,
    key: IdempotencyKey | null,
  ): Promise<{ readonly view: SessionView; readonly replayed: boolean }> {
    try {
      const made = await this.#options.registry.create(session, key);
      if (!('resourceId' in made)) return { view: this.#view(made), replayed: false };
    } catch (fault) {
      const mayBeTwin = fault instanceof Problem && fault.code === 'SESSION_EXISTS' && key !== null;
      if (!mayBeTwin) throw this.#refusal(session, fault);
    }
    // The same request came twice at the same time: the other one has made it, or was refused.
    const twin = key === null ? null : await this.#known(identity, key);
    if (twin !== null) return { view: twin, replayed: true };
    throw taken(session.id);
  }

  /** What the driver itself says against a session is about its settings. */
  #refusal({ mode }: NewSession, fault: unknown): unknown {
    if (fault instanceof Problem || fault instanceof StoreUnavailableError) return fault;
    const cause = { cause: fault };
    if (mode === 'SHARED' && !this.#options.shared.gate.ready) {
      return new Problem('DRIVER_UNAVAILABLE', 'The driver ended while it opened the session.', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
        ...cause,
      });
    }
    const message = fault instanceof Error ? fault.message : 'the driver refused it';
    return new Problem('INVALID_REQUEST', `The session could not be opened: ${message}`, {
      errors: [{ field: 'sparkConfig', message }],
      ...cause,
    });
  }

  async #known(identity: Identity, key: IdempotencyKey): Promise<SessionView | null> {
    const known = await this.#options.store.findKeyed(key.owner, key.operation, key.key);
    if (known === null) return null;
    const id = replayed(key, known);
    const live = this.#options.registry.all().find((session) => session.id === id);
    if (live !== undefined && seesSession(identity, live.record)) return this.#view(live);
    throw new Problem('SESSION_GONE', `The session "${id}" of this key has ended.`);
  }

  #view(live: LiveSession): SessionView {
    return this.#viewOf(live.record, live.activeJobs, live.handle, live.settings);
  }

  /** What its driver says of itself; before that, what it was asked for. */
  #viewOf(
    session: Session,
    activeJobs: number,
    handle: DriverHandle | null,
    settings: Readonly<Record<string, string>> = session.sparkConfig,
  ): SessionView {
    const info = handle?.gate.info ?? null;
    return {
      session,
      appId: info?.appId ?? null,
      master: info?.master ?? settings['spark.master'] ?? this.#options.master,
      sparkVersion: info?.sparkVersion ?? null,
      activeJobs,
      sparkUiUrl: info?.uiUrl ?? null,
    };
  }
}

const requireUser = (identity: Identity): void => {
  if (!hasRole(identity, 'user')) throw new Problem('FORBIDDEN', 'This needs the role "user".');
};
