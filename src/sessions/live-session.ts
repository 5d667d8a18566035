import type { Session } from '../domain/session.ts';
import type { Deferred } from '../util/deferred.ts';
import { deferred } from '../util/deferred.ts';
import type { Lease, SessionClosing } from './session-lease.ts';

class SessionLease implements Lease {
  readonly sessionId: string;
  readonly jobId: string;
  closing: SessionClosing | null = null;
  readonly #free: () => void;

  constructor(sessionId: string, jobId: string, free: () => void) {
    this.sessionId = sessionId;
    this.jobId = jobId;
    this.#free = free;
  }

  release(): void {
    this.#free();
  }
}

/** A session that has not ended, as this server holds it in memory. */
export class LiveSession {
  record: Session;
  /** With the values of secret settings, which the record does not have. */
  readonly settings: Readonly<Record<string, string>>;
  /** It exists in the driver. */
  opened = false;
  opening: Promise<void> | null = null;
  readonly ended: Deferred<void> = deferred();
  readonly #leases = new Map<string, SessionLease>();
  readonly #onIdle: (session: LiveSession) => void;

  constructor(
    record: Session,
    settings: Readonly<Record<string, string>>,
    onIdle: (session: LiveSession) => void,
  ) {
    this.record = record;
    this.settings = settings;
    this.#onIdle = onIdle;
  }

  get id(): string {
    return this.record.id;
  }

  get activeJobs(): number {
    return this.#leases.size;
  }

  get ending(): boolean {
    return this.record.state === 'STOPPING' || this.record.state === 'DEAD';
  }

  lease(jobId: string): Lease {
    const lease = new SessionLease(this.id, jobId, () => {
      if (this.#leases.delete(jobId) && this.#leases.size === 0) this.#onIdle(this);
    });
    this.#leases.set(jobId, lease);
    return lease;
  }

  /** Tells the holders; the first cause wins. Answers the jobs. */
  close(closing: SessionClosing): readonly string[] {
    for (const lease of this.#leases.values()) lease.closing ??= closing;
    return [...this.#leases.keys()];
  }
}
