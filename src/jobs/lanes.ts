import type { WaitingFor } from '../domain/job.ts';
import type { DriverHandle } from '../sessions/driver-handle.ts';
import type { Load, Reservation } from './dispatcher.ts';
import { Dispatcher } from './dispatcher.ts';

export interface LanesOptions {
  /** How many jobs run on one driver at a time. */
  readonly maxRunning: number;
  /** How many programs of their own run at a time. */
  readonly maxPrograms: number;
  /** How many jobs may wait for drivers, all of them together; and how many for programs. */
  readonly maxQueued: number;
  /** How much of the places of a driver one pool may hold. */
  readonly poolShare: number;
  readonly launch: (line: Dispatcher, jobId: string) => void;
}

/**
 * The lines in which jobs wait: one for each driver, and one for programs of their own. None
 * holds up another. A line of a driver moves while the driver answers.
 */
export class Lanes {
  readonly programs: Dispatcher;
  readonly #options: LanesOptions;
  readonly #drivers = new Map<DriverHandle, Dispatcher>();
  /** Of drivers that have ended: they go with their last job. */
  readonly #closed = new Set<Dispatcher>();
  readonly #pauses = new Set<string>();
  /** Jobs on their way to drivers that do not exist yet. */
  #homeless = 0;

  constructor(options: LanesOptions) {
    this.#options = options;
    this.programs = this.#line(options.maxPrograms, 1, 'SPARK_SUBMIT');
  }

  /** The line of a driver, from its first use on. */
  of(handle: DriverHandle): Dispatcher {
    const known = this.#drivers.get(handle);
    if (known !== undefined) return known;
    const { maxRunning, poolShare } = this.#options;
    const line = this.#line(maxRunning, poolShare, 'POOL');
    for (const reason of this.#pauses) line.pause(reason);
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
    this.#closed.add(line);
  }

  /**
   * Null when too many wait already; a job that could run at once does not count. The driver is
   * null for one that does not exist yet.
   */
  reserve(place: 'program' | DriverHandle | null, pool: string): Reservation | null {
    if (place === 'program') return this.programs.reserve(pool, 0);
    const line = place === null ? null : this.of(place);
    let elsewhere = this.#homeless;
    for (const other of this.#driverLines()) if (other !== line) elsewhere += other.waiting;
    if (line !== null) return line.reserve(pool, elsewhere);
    if (elsewhere >= this.#options.maxQueued) return null;
    this.#homeless += 1;
    let held = true;
    return {
      release: () => {
        if (held) this.#homeless -= 1;
        held = false;
      },
    };
  }

  get load(): Load {
    return sum(this.#all().map((line) => line.load));
  }

  loadOf(pool: string): Load {
    return sum(this.#all().map((line) => line.loadOf(pool)));
  }

  /** Nothing new starts until every reason is taken back. */
  pause(reason: string): void {
    this.#pauses.add(reason);
    for (const line of this.#all()) line.pause(reason);
  }

  resume(reason: string): void {
    this.#pauses.delete(reason);
    for (const line of this.#all()) line.resume(reason);
  }

  /** Resolves when no job runs on any driver. */
  async driversIdle(): Promise<void> {
    await Promise.all(this.#driverLines().map((line) => line.whenIdle()));
  }

  #line(maxRunning: number, poolShare: number, limitedBy: WaitingFor): Dispatcher {
    const { maxQueued, launch } = this.#options;
    const line: Dispatcher = new Dispatcher({
      maxRunning,
      maxQueued,
      poolShare,
      limitedBy,
      launch: (jobId) => launch(line, jobId),
    });
    return line;
  }

  #driverLines(): readonly Dispatcher[] {
    for (const line of this.#closed) if (isEmpty(line)) this.#closed.delete(line);
    return [...this.#drivers.values(), ...this.#closed];
  }

  #all(): readonly Dispatcher[] {
    return [this.programs, ...this.#driverLines()];
  }
}

const isEmpty = ({ load }: Dispatcher): boolean => load.running + load.queued === 0;

const sum = (loads: readonly Load[]): Load => ({
  running: loads.reduce((all, { running }) => all + running, 0),
  queued: loads.reduce((all, { queued }) => all + queued, 0),
});
