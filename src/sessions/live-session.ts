import type { Session } from '../domain/session.ts';
import type { Deferred } from '../util/deferred.ts';
import { deferred } from '../util/deferred.ts';
import type { DriverHandle } from './driver-handle.ts';
import type { FleetDriver } from './fleet-driver.ts';
import type { Lease, SessionClosing } from './session-lease.ts';

type Settings = Readonly<Record<string, string>>;

class SessionLease implements Lease {
  readonly sessionId: string;
  readonly jobId: string;
  readonly handle: DriverHandle | null;
  closing: SessionClosing | null = null;
  readonly #free: () => void;

  constructor(sessionId: string, jobId: string, handle: DriverHandle | null, free: () => void) {
    this.sessionId = sessionId;
    this.jobId = jobId;
    this.handle = handle;
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
  readonly settings: Settings;
  /** Where it lives: the shared driver, or its own; null before an isolated one needs any. */
  handle: DriverHandle | null;
  /** The driver that lives and ends with it. */
  own: FleetDriver | null = null;
  /** Those of the settings that its driver does not have by itself. */
  openSettings: Settings;
  /** It exists in the driver. */
  opened = false;
  opening: Promise<void> | null = null;
  closing: SessionClosing | null = null;
  readonly ended: Deferred<void> = deferred();
  /** The end of it is under way and needs nobody any more. */
  finishing = false;
  readonly #leases = new Map<string, SessionLease>();
  readonly #onRelease: (session: LiveSession) => void;

  constructor(
    record: Session,
    settings: Settings,
    handle: DriverHandle | null,
    onRelease: (session: LiveSession) => void,
  ) {
    this.record = record;
    this.settings = settings;
    this.handle = handle;
    this.openSettings = settings;
    this.#onRelease = onRelease;
  }

  get id(): string {
    return this.record.id;
  }

  get activeJobs(): number {
    return this.#leases.size;
  }

  /** Those of its jobs that run on its driver, or wait for it. */
  get driverJobs(): number {
    let count = 0;
    for (const lease of this.#leases.values()) if (lease.handle !== null) count += 1;
    return count;
  }

  get isolated(): boolean {
    return this.record.mode === 'ISOLATED';
  }

  get ending(): boolean {
    return this.record.state === 'STOPPING' || this.record.state === 'DEAD';
  }

  lease(jobId: string, needsDriver: boolean): Lease {
    const lease = new SessionLease(this.id, jobId, needsDriver ? this.handle : null, () => {
      if (this.#leases.delete(jobId)) this.#onRelease(this);
    });
    this.#leases.set(jobId, lease);
    return lease;
  }

  /** Tells the holders; the first cause wins. Answers the jobs. */
  close(closing: SessionClosing): readonly string[] {
    this.closing ??= closing;
    for (const lease of this.#leases.values()) lease.closing ??= closing;
    return [...this.#leases.keys()];
  }
}
