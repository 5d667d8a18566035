import { Problem } from '../domain/errors.ts';
import type { DriverMaker } from '../drivers/driver.ts';
import { serverStopping } from '../jobs/store-problem.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { DriverPurpose } from './fleet-driver.ts';
import { FleetDriver } from './fleet-driver.ts';

type Settings = Readonly<Record<string, string>>;

export interface DriverFleetOptions {
  readonly maker: DriverMaker;
  /** How many drivers of sessions and of single statements may live; warm ones do not count. */
  readonly maxSessions: number;
  /** What all of them may take together. */
  readonly memoryBytes: number;
  readonly startTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Counted where it happens, for metrics. */
export interface FleetObserver {
  started(purpose: DriverPurpose): void;
  failed(purpose: DriverPurpose): void;
  lost(purpose: DriverPurpose): void;
}

/** Drivers that nobody needs at the moment, the most dispensable first. */
export type Spares = () => readonly FleetDriver[];

const RETRY_AFTER_SECONDS = 10;
const MIB = 2 ** 20;

/**
 * The drivers beside the shared one. A place is taken in one turn of the event loop, so that as
 * many as fit are made and not one more, and given back when nothing of the process is left.
 * Drivers that stand idle give way: they are ended first, and the new one starts after that.
 */
export class DriverFleet {
  readonly #options: DriverFleetOptions;
  readonly #live = new Set<FleetDriver>();
  /** Those that give way: their places belong to others already. */
  readonly #leaving = new Set<FleetDriver>();
  readonly #spares: Spares[] = [];
  readonly #observers: FleetObserver[] = [];
  readonly #endListeners: ((driver: FleetDriver) => void)[] = [];
  #takeWarm: () => FleetDriver | null = () => null;
  #stopping = false;

  constructor(options: DriverFleetOptions) {
    this.#options = options;
  }

  observe(observer: FleetObserver): void {
    this.#observers.push(observer);
  }

  /** Called when nothing of a driver is left. */
  onEnded(listener: (driver: FleetDriver) => void): void {
    this.#endListeners.push(listener);
  }

  offerSpares(spares: Spares): void {
    this.#spares.push(spares);
  }

  /** Where a driver with the default configuration may stand ready. */
  offerWarm(take: () => FleetDriver | null): void {
    this.#takeWarm = take;
  }

  all(): readonly FleetDriver[] {
    return [...this.#live];
  }

  /** What the drivers take that were not told to leave. */
  get reservedBytes(): number {
    let bytes = 0;
    for (const driver of this.#live) if (!this.#leaving.has(driver)) bytes += driver.memoryBytes;
    return bytes;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** Throws the Problem that names each setting that no driver could have. */
  check(settings: Settings): void {
    const faults = this.#options.maker.faults(settings);
    if (faults.length === 0) return;
    throw new Problem('INVALID_REQUEST', faults.join(' '), {
      errors: faults.map((message) => {
        const key = Object.keys(settings).find((each) => message.includes(each));
        return { field: key === undefined ? 'sparkConfig' : `sparkConfig.${key}`, message };
      }),
    });
  }

  /**
   * A driver for a session or for single statements; it starts in the background. One that stands
   * ready may be taken where `mayBeWarm`. Throws the Problem that says why there is no room.
   */
  acquire(settings: Settings, purpose: 'isolated' | 'dedicated', mayBeWarm: boolean): FleetDriver {
    if (this.#stopping) throw serverStopping();
    const leaving = new Set<FleetDriver>();
    this.#makeRoomInQuota(leaving);
    const warm = mayBeWarm ? this.#takeWarm() : null;
    if (warm !== null) {
      warm.purpose = purpose;
      void this.#letLeave(leaving);
      return warm;
    }
    const bytes = this.#options.maker.memoryBytes(settings);
    this.#makeRoomOnMachine(leaving);
    const missing = this.#makeRoomInMemory(bytes, leaving);
    if (missing > 0) throw memoryShort(bytes, missing, this.#options.memoryBytes);
    return this.#make(settings, purpose, bytes, this.#letLeave(leaving));
  }

  /** A driver that stands ready; null where there is no room for it now. */
  addWarm(): FleetDriver | null {
    const { maker, memoryBytes } = this.#options;
    const bytes = maker.memoryBytes({});
    const full = maker.most !== null && this.#staying().length >= maker.most;
    if (this.#stopping || full || this.reservedBytes + bytes > memoryBytes) return null;
    return this.#make({}, 'warm', bytes, Promise.resolve());
  }

  /** Ends all of them; there are no new ones from now on. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.all().map((driver) => driver.end('the server stops')));
  }

  #make(
    settings: Settings,
    purpose: DriverPurpose,
    memoryBytes: number,
    after: Promise<unknown>,
  ): FleetDriver {
    const { maker, startTimeoutMs, clock, log } = this.#options;
    const driver: FleetDriver = new FleetDriver({
      made: maker.make(settings),
      memoryBytes,
      purpose,
      startTimeoutMs,
      clock,
      log,
      onEnded: () => this.#ended(driver),
    });
    this.#live.add(driver);
    driver.listen({
      ready: () => {},
      lost: () => this.#tell((observer) => observer.lost(driver.purpose)),
      failed: () => this.#tell((observer) => observer.failed(driver.purpose)),
    });
    this.#tell((observer) => observer.started(purpose));
    void driver.launch(after);
    return driver;
  }

  #ended(driver: FleetDriver): void {
    this.#live.delete(driver);
    this.#leaving.delete(driver);
    for (const listener of this.#endListeners) listener(driver);
  }

  #tell(what: (observer: FleetObserver) => void): void {
    for (const observer of this.#observers) what(observer);
  }

  #makeRoomInQuota(leaving: Set<FleetDriver>): void {
    const { maxSessions } = this.#options;
    const counts = (driver: FleetDriver): boolean =>
      driver.purpose !== 'warm' && !leaving.has(driver);
    if (this.#staying().filter(counts).length < maxSessions) return;
    const spare = this.#spareDrivers().find((driver) => driver.purpose !== 'warm');
    if (spare === undefined) {
      throw sessionLimit(
        `There are ${maxSessions} drivers of sessions and single statements already (libra.session.max-sessions): delete a session, or wait for one to end.`,
      );
    }
    leaving.add(spare);
  }

  #makeRoomOnMachine(leaving: Set<FleetDriver>): void {
    const { most } = this.#options.maker;
    if (most === null) return;
    if (this.#staying().filter((driver) => !leaving.has(driver)).length < most) return;
    const spare = this.#spareDrivers().find((driver) => !leaving.has(driver));
    if (spare === undefined) {
      throw sessionLimit(`This machine has room for ${most} driver processes, and all are taken.`);
    }
    leaving.add(spare);
  }

  /** Answers how many bytes are missing even so. */
  #makeRoomInMemory(bytes: number, leaving: Set<FleetDriver>): number {
    let freed = 0;
    for (const driver of leaving) freed += driver.memoryBytes;
    const missing = (): number => this.reservedBytes - freed + bytes - this.#options.memoryBytes;
    const enough = [...this.#spareDrivers()].filter((driver) => !leaving.has(driver));
    while (missing() > 0) {
      const spare = enough.shift();
      if (spare === undefined) break;
      leaving.add(spare);
      freed += spare.memoryBytes;
    }
    return missing();
  }

  #staying(): readonly FleetDriver[] {
    return this.all().filter((driver) => !this.#leaving.has(driver));
  }

  #spareDrivers(): readonly FleetDriver[] {
    return this.#spares.flatMap((spares) => spares()).filter(({ state }) => state !== 'stopping');
  }

  async #letLeave(leaving: ReadonlySet<FleetDriver>): Promise<void> {
    for (const driver of leaving) this.#leaving.add(driver);
    await Promise.all([...leaving].map((driver) => driver.end('it gives way to another driver')));
  }
}

const sessionLimit = (detail: string): Problem =>
  new Problem('SESSION_LIMIT', detail, { retryAfterSeconds: RETRY_AFTER_SECONDS });

const memoryShort = (bytes: number, missing: number, limit: number): Problem => {
  const mib = (amount: number): string => `${Math.ceil(amount / MIB)} MiB`;
  const wanted = `The driver takes ${mib(bytes)} of memory, heap and all else`;
  if (bytes > limit) {
    const detail = `${wanted}, and all driver processes together may take ${mib(limit)} here (libra.session.memory): ${mib(missing)} are missing.`;
    return new Problem('MEMORY_SHORT', detail);
  }
  return new Problem('MEMORY_SHORT', `${wanted}: ${mib(missing)} are missing.`, {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
};
