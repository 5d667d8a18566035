import type { Identity } from '../domain/identity.ts';
import type { ExecutorKind, Job } from '../domain/job.ts';
import type { DedicatedDrivers, DedicatedHold } from '../sessions/dedicated-drivers.ts';
import type { DriverHandle } from '../sessions/driver-handle.ts';
import type { Lease } from '../sessions/session-lease.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import type { SubmitCommand } from './commands.ts';
import type { Lanes } from './lanes.ts';
import type { Line } from './line.ts';
import { turnKey } from './turns.ts';
import type { FullQueue, Reservation } from './waiting-room.ts';

type Settings = Readonly<Record<string, string>>;

/** Where a job waits and runs: known from its acceptance on, and the same to its end. */
export interface JobPlace {
  readonly lease: Lease;
  readonly line: Line;
  /** Null for a program of its own. */
  readonly driver: DriverHandle | null;
  /** Of a statement with a driver of its own. */
  readonly dedicated: DedicatedHold | null;
}

export interface JobPlacesOptions {
  readonly lanes: Lanes;
  readonly sessions: SessionRegistry;
  readonly dedicated: DedicatedDrivers;
}

/** What a job has been routed to. */
export interface Route {
  readonly executor: ExecutorKind;
  /** The settings with the places of what they name. */
  readonly settings: Settings;
}

/** Gives jobs their places: the session's driver, one of their own, or the line of programs. */
export class JobPlaces {
  readonly #options: JobPlacesOptions;

  constructor(options: JobPlacesOptions) {
    this.#options = options;
  }

  /** Room in the line that the job will stand in, or what is full. */
  reserve(command: SubmitCommand, route: Route): Reservation | FullQueue {
    const { lanes, sessions, dedicated } = this.#options;
    const { identity, sessionId, request } = command;
    const { pool } = request;
    switch (route.executor) {
      case 'embedded':
        return lanes.reserve(sessions.driverOf(sessionId), pool, turnKey(command));
      case 'driver':
        return lanes.reserve(dedicated.find(identity.name, route.settings), pool);
      case 'spark-submit':
        return lanes.reserve('program', pool);
      default:
        return route.executor satisfies never;
    }
  }

  /** Throws the Problem that says why there is no place; nothing is held then. */
  async take(
    identity: Identity,
    sessionId: string,
    jobId: string,
    route: Route,
  ): Promise<JobPlace> {
    const { sessions } = this.#options;
    const needsDriver = route.executor === 'embedded';
    const lease = await sessions.lease(identity, sessionId, jobId, needsDriver);
    return this.#with(lease, identity.name, route);
  }

  /** For a job that was accepted before, by a lease that it got. */
  resume(job: Job, lease: Lease, settings: Settings): JobPlace {
    return this.#with(lease, job.owner, { executor: job.executor, settings });
  }

  /** For a job that only has to end. */
  nowhere(job: Job): JobPlace {
    const { sessionId, id: jobId } = job;
    const lease = { sessionId, jobId, handle: null, closing: null, release: () => {} };
    return { lease, line: this.#options.lanes.programs, driver: null, dedicated: null };
  }

  release({ lease, dedicated }: JobPlace): void {
    lease.release();
    dedicated?.release();
  }

  #with(lease: Lease, owner: string, { executor, settings }: Route): JobPlace {
    const { lanes } = this.#options;
    const place = { lease, dedicated: null };
    if (executor === 'spark-submit') return { ...place, line: lanes.programs, driver: null };
    try {
      if (executor === 'driver') {
        const dedicated = this.#options.dedicated.hold(owner, settings);
        const { handle } = dedicated;
        return { lease, line: lanes.of(handle), driver: handle, dedicated };
      }
      const { handle } = lease;
      if (handle === null) throw new Error(`session ${lease.sessionId} has no driver`);
      return { ...place, line: lanes.of(handle), driver: handle };
    } catch (error) {
      lease.release();
      throw error;
    }
  }
}
