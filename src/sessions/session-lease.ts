import { Problem } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import { hasRole, maySee } from '../domain/identity.ts';
import type { Session } from '../domain/session.ts';
import { DEFAULT_SESSION } from '../domain/session.ts';
import type { DriverHandle } from './driver-handle.ts';
import { noSession } from './session-problems.ts';

/** Why the jobs of a session cannot go on in it. */
export interface SessionClosing {
  /** One of `errors.ts`. */
  readonly code: 'SESSION_DELETED' | 'SESSION_LOST' | 'DRIVER_START_FAILED';
  readonly reason: string;
}

/**
 * A job's hold on its session, from before it is on disk until it has ended. A session with a
 * lease is busy: it never times out, and it ends only after its last lease was given back.
 */
export interface Lease {
  readonly sessionId: string;
  readonly jobId: string;
  /** The session's driver, for a job that runs on it; null for one that needs nothing of it. */
  readonly handle: DriverHandle | null;
  /** Set once the session ends: whoever holds the lease has to end the job. */
  readonly closing: SessionClosing | null;
  release(): void;
}

/** `default` belongs to everyone; any other session to the one who made it. */
export const seesSession = (identity: Identity, session: Session): boolean =>
  session.id === DEFAULT_SESSION || maySee(identity, session.owner);

/** Operators see every session, but only its owner and admins run statements in it. */
export const requireUse = (identity: Identity, session: Session): void => {
  if (!seesSession(identity, session)) throw noSession(session.id);
  if (session.id === DEFAULT_SESSION || session.owner === identity.name) return;
  if (hasRole(identity, 'admin')) return;
  throw new Problem('FORBIDDEN', `The session "${session.id}" belongs to someone else.`);
};
