import { Problem } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import { hasRole, maySee } from '../domain/identity.ts';
import type { Session } from '../domain/session.ts';
import { DEFAULT_SESSION } from '../domain/session.ts';

/** Why the jobs of a session cannot go on in it: codes of `errors.ts`. */
export type SessionClosing = 'SESSION_DELETED' | 'SESSION_LOST';

/**
 * A job's hold on its session, from before it is on disk until it has ended. A session with a
 * lease is busy: it never times out, and it ends only after its last lease was given back.
 */
export interface Lease {
  readonly sessionId: string;
  readonly jobId: string;
  /** Set once the session ends: whoever holds the lease has to end the job. */
  readonly closing: SessionClosing | null;
  release(): void;
}

/** `default` belongs to everyone; any other session to the one who made it. */
export const seesSession = (identity: Identity, session: Session): boolean =>
  session.id === DEFAULT_SESSION || maySee(identity, session.owner);

export const noSession = (id: string): Problem =>
  new Problem('NOT_FOUND', `There is no session "${id}".`);

/** Operators see every session, but only its owner and admins run statements in it. */
export const requireUse = (identity: Identity, session: Session): void => {
  if (!seesSession(identity, session)) throw noSession(session.id);
  if (session.id === DEFAULT_SESSION || session.owner === identity.name) return;
  if (hasRole(identity, 'admin')) return;
  throw new Problem('FORBIDDEN', `The session "${session.id}" belongs to someone else.`);
};
