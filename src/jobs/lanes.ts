import type { WaitingFor } from '../domain/job.ts';
import type { Admission } from '../pools/admission.ts';
import type { DriverHandle } from '../sessions/driver-handle.ts';
import type { Clock } from '../util/clock.ts';
import { Dispatcher } from './dispatcher.ts';
import { Line } from './line.ts';
import type { FullQueue, Reservation } from './waiting-room.ts';
import { WaitingRoom } from './waiting-room.ts';

export interface LanesOptions {
  readonly admission: Admission;
  readonly clock: Clock;
  /** How many jobs run on one driver at a time. */
  readonly maxRunning: number;
  /** How many programs of their own run at a time. */
  readonly maxPrograms: number;
  /** How many jobs may wait for drivers, all of them together; and how many for programs. */
  readonly maxQueued: number;
  /** How much of the places of a driver one pool may hold. */
  readonly poolShare: number;
  readonly launch: (line: Line, jobId: string) => void;
  readonly waited: (pool: string, ms: number) => void;
}

/**
 * The lines in which jobs wait: one for each driver, and one for programs of their own. None
 * holds up another. A line of a driver moves while the driver answers.
 */
export class Lanes {
  readonly programs: Line;
  readonly #options: LanesOptions;
  readonly #dispatcher: Dispatcher;
  readonly #room: WaitingRoom;
  readonly #drivers = new Map<DriverHandle, Line>();
  /** Of drivers that have ended: they go with their last job. */
  readonly #closed = new Set<Line>();

  constructor(options: LanesOptions) {
    const { admission, maxQueued, maxPrograms } = options;
    this.#options = options;
    this.#dispatcher = new Dispatcher(options);
    this.#room = new WaitingRoom(admission, maxQueued);
    const room = new WaitingRoom(admission, maxQueued);
    this.programs = this.#line(room, maxPrograms, 1, 'SPARK_SUBMIT');
  }

  /** The line of a driver, from its first use on. */
  of(handle: DriverHandle): Line {
    const known = this.#drivers.get(handle);
    if (known !== undefined) return known;
    const { maxRunning, poolShare } = this.#options;
    const line = this.#line(this.#room, maxRunning, poolShare, 'POOL');
    this.#drivers.set(handle, line);
    line.setReady(handle.gate.ready);
    handle.gate.listen({ ready: () => line.setReady(true), lost: () => line.setReady(false) });
    return line;
  }

  /** The driver has ended: its line takes nothing more. */
  close(handle: DriverHandle): void {
    const line = this.#drivers.get(handle);
    if (line === undefined) return;
    line.setReady(false);
    this.#drivers.delete(handle);
    for (const ended of this.#closed) if (ended.isEmpty) this.#closed.delete(ended);
    this.#closed.add(line);
  }

  /**
   * Room for a job that comes, or what is full; one that could run at once does not count. The
   * driver is null for one that does not exist yet; jobs of one key take turns.
   */
  reserve(
    place: 'program' | DriverHandle | null,
    pool: string,
    key: string | null = null,
  ): Reservation | FullQueue {
    if (place === null) return this.#room.reserve(pool);
    const line = place === 'program' ? this.programs : this.of(place);
    return line.reserve(pool, key);
  }

  /** Limits have changed: what may start now, starts. */
  pump(): void {
    this.#dispatcher.pump();
  }

  /** Nothing new starts until every reason is taken back. */
  pause(reason: string): void {
    this.#dispatcher.pause(reason);
  }

  resume(reason: string): void {
    this.#dispatcher.resume(reason);
  }

  /** Resolves when no job runs on any driver. */
  async driversIdle(): Promise<void> {
    const lines = [...this.#drivers.values(), ...this.#closed];
    await Promise.all(lines.map((line) => line.whenIdle()));
  }

  #line(room: WaitingRoom, maxRunning: number, poolShare: number, limitedBy: WaitingFor): Line {
    const { admission, launch } = this.#options;
    const dispatcher = this.#dispatcher;
    return new Line({ admission, dispatcher, room, maxRunning, poolShare, limitedBy, launch });
  }
}
