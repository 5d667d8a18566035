import { v7 as uuid } from 'uuid';
import { Problem } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import { hasRole } from '../domain/identity.ts';
import { isName } from '../domain/ids.ts';
import type { Session, SessionMode } from '../domain/session.ts';
import { DEFAULT_SESSION } from '../domain/session.ts';
import type { Idempotency } from '../jobs/commands.ts';
import type { IdempotencyKeys } from '../jobs/idempotency-keys.ts';
import { replayed } from '../jobs/idempotency-keys.ts';
import { answered } from '../jobs/store-problem.ts';
import type { IdempotencyKey, Store } from '../store/store.ts';
import { StoreUnavailableError } from '../store/store.ts';
import type { Clock } from '../util/clock.ts';
import { within } from '../util/clock.ts';
import type { DriverGate } from './driver-gate.ts';
import type { LiveSession } from './live-session.ts';
import type { RunTimeSettings } from './run-time-settings.ts';
import { requireDriver } from './run-time-settings.ts';
import { seesSession } from './session-lease.ts';
import type { SessionRegistry } from './session-registry.ts';
import { badName } from './session-registry.ts';

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
  readonly gate: DriverGate;
  readonly settings: RunTimeSettings;
  readonly store: Store;
  readonly keys: IdempotencyKeys;
  readonly clock: Clock;
  /** As configured: what is shown until the driver says it. */
  readonly master: string;
  readonly mode: SessionMode;
  /** Throws while nothing is taken: before the settling, and from the drain on. */
  readonly requireOpen: () => void;
}

/** How long a DELETE waits for the jobs of the session to end; they go on ending after that. */
const END_WAIT_MS = 60_000;
const RETRY_AFTER_SECONDS = 5;

/** Use cases of the sessions in SHARED mode: `default` and light sessions on one driver. */
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

  async get(identity: Identity, id: string): Promise<SessionView> {
    return this.#view(this.#options.registry.find(identity, id));
  }

  create(
    identity: Identity,
    command: CreateSessionCommand,
    idempotency: Idempotency | null,
  ): Promise<{ readonly view: SessionView; readonly replayed: boolean }> {
    return answered(this.#create(identity, command, idempotency));
  }

  async remove(identity: Identity, id: string): Promise<void> {
    requireUser(identity);
    const { registry, clock } = this.#options;
    const live = registry.find(identity, id);
    if (id === DEFAULT_SESSION) {
      throw new Problem('SESSION_PROTECTED', 'The default session lives as long as the driver.');
    }
    if (live.record.owner !== identity.name && !hasRole(identity, 'admin')) {
      throw new Problem('FORBIDDEN', 'Only its owner and admins end a session.');
    }
    await within(clock, END_WAIT_MS, registry.end(live, 'DELETED', 'SESSION_DELETED'), null);
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
    this.#requireShared(command.mode);
    const key =
      idempotency === null ? null : await this.#options.keys.keyOf(identity.name, idempotency);
    const known = key === null ? null : await this.#known(identity, key);
    if (known !== null) return { view: known, replayed: true };
    await this.#options.settings.check(command.sparkConfig);
    await requireDriver(this.#options.gate);
    return this.#open(identity, { ...command, sessionId: id }, key);
  }

  async #open(
    identity: Identity,
    command: CreateSessionCommand & { readonly sessionId: string },
    key: IdempotencyKey | null,
  ): Promise<{ readonly view: SessionView; readonly replayed: boolean }> {
    const session = {
      id: command.sessionId,
      owner: identity.name,
      settings: command.sparkConfig,
      idleTimeoutMs: command.idleTimeoutMs,
    };
    try {
      const made = await this.#options.registry.create(session, key);
      if (!('resourceId' in made)) return { view: this.#view(made), replayed: false };
    } catch (fault) {
      const mayBeTwin = fault instanceof Problem && fault.code === 'SESSION_EXISTS' && key !== null;
      if (!mayBeTwin) throw this.#refusal(fault);
    }
    // The same request came twice at the same time: the other one has made it, or was refused.
    const twin = key === null ? null : await this.#known(identity, key);
    if (twin !== null) return { view: twin, replayed: true };
    throw new Problem('SESSION_EXISTS', `The session id "${command.sessionId}" is taken.`);
  }

  /** What the driver itself says against a session is about its settings. */
  #refusal(fault: unknown): unknown {
    if (fault instanceof Problem || fault instanceof StoreUnavailableError) return fault;
    const cause = { cause: fault };
    if (!this.#options.gate.ready) {
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

  #requireShared(mode: SessionMode | null): void {
    if ((mode ?? this.#options.mode) === 'SHARED') return;
    throw new Problem('NOT_IMPLEMENTED', 'Sessions with a driver of their own do not exist yet.', {
      errors: [{ field: 'mode', message: 'accepts SHARED' }],
    });
  }

  #view(live: LiveSession): SessionView {
    const { info } = this.#options.gate;
    return {
      session: live.record,
      appId: info?.appId ?? null,
      master: info?.master ?? this.#options.master,
      sparkVersion: info?.sparkVersion ?? null,
      activeJobs: live.activeJobs,
      sparkUiUrl: info?.uiUrl ?? null,
    };
  }
}

const requireUser = (identity: Identity): void => {
  if (!hasRole(identity, 'user')) throw new Problem('FORBIDDEN', 'This needs the role "user".');
};
