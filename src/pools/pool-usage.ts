import type { PoolStats } from '../drivers/driver.ts';
import type { DriverHandle } from '../sessions/driver-handle.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { within } from '../util/clock.ts';

/** What a pool has of Spark, on all drivers of this server together. */
export interface Usage {
  /** Tasks that run now. */
  readonly slotsInUse: number;
  /** Its part of all task time of the last minute; null when no task has run. */
  readonly shareReached: number | null;
  /** Task time since the server started. */
  readonly taskSeconds: number;
}

export interface PoolUsageOptions {
  readonly drivers: () => readonly DriverHandle[];
  /** Whether any job runs: only then there is something to look at. */
  readonly isBusy: () => boolean;
  readonly clock: Clock;
}

/** What a driver has said last; what it counts begins anew with each context. */
interface Reading {
  epoch: number;
  pools: ReadonlyMap<string, PoolStats>;
  asking: Promise<void> | null;
  askedAt: number;
  answeredAt: number;
}

type Millis = Map<string, number>;

const WINDOW_MS = 60_000;
const LOOK_MS = 5000;
/** Many ask at once: they share an answer. */
const FRESH_MS = 200;
/** A driver that hangs must not hold up those who only want to look: its last answer stands then. */
const PATIENCE_MS = 300;

/** Asks the drivers now and then what the tasks of each pool take, and adds it up. */
export class PoolUsage {
  readonly #options: PoolUsageOptions;
  readonly #readings = new Map<DriverHandle, Reading>();
  readonly #taskMs: Millis = new Map();
  /** Of the last minute, and the newest one before it. */
  #samples: { readonly at: number; readonly taskMs: Millis }[] = [];
  #timer: Timer | null = null;

  constructor(options: PoolUsageOptions) {
    this.#options = options;
  }

  /** Work begins: looks now and then until there is none. */
  watch(): void {
    if (this.#timer !== null) return;
    // Nothing has changed since the last look.
    this.#sample();
    this.#later();
  }

  /** Asks the drivers that answer; what is late is left out. */
  async refresh(): Promise<void> {
    const { clock } = this.#options;
    const ready = this.#ready();
    for (const handle of this.#readings.keys()) {
      if (!ready.includes(handle)) this.#readings.delete(handle);
    }
    const answers = Promise.all(ready.map((handle) => this.#ask(handle)));
    await within(clock, PATIENCE_MS, answers, null);
  }

  /** As it was last heard. */
  read(): (pool: string) => Usage {
    const before = this.#aMinuteAgo();
    const lately = (pool: string): number =>
      Math.max(0, (this.#taskMs.get(pool) ?? 0) - (before.get(pool) ?? 0));
    const all = [...this.#taskMs.keys()].reduce((sum, pool) => sum + lately(pool), 0);
    return (pool) => ({
      slotsInUse: this.#slots(pool),
      shareReached: all === 0 ? null : lately(pool) / all,
      taskSeconds: (this.#taskMs.get(pool) ?? 0) / 1000,
    });
  }

  /** All other pools are gone. */
  keep(pools: ReadonlySet<string>): void {
    for (const taskMs of [this.#taskMs, ...this.#samples.map((sample) => sample.taskMs)]) {
      for (const pool of taskMs.keys()) if (!pools.has(pool)) taskMs.delete(pool);
    }
  }

  #ready(): readonly DriverHandle[] {
    return this.#options.drivers().filter(({ gate }) => gate.ready);
  }

  #later(): void {
    this.#timer = this.#options.clock.after(LOOK_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    await this.refresh();
    this.#sample();
    this.#timer = null;
    if (this.#options.isBusy()) this.#later();
  }

  #sample(): void {
    const at = this.#options.clock.now();
    const old = this.#samples.filter((sample) => sample.at <= at - WINDOW_MS);
    const recent = this.#samples.filter((sample) => sample.at > at - WINDOW_MS);
    this.#samples = [...old.slice(-1), ...recent, { at, taskMs: new Map(this.#taskMs) }];
  }

  #aMinuteAgo(): Millis {
    const since = this.#options.clock.now() - WINDOW_MS;
    const sample = this.#samples.findLast(({ at }) => at <= since) ?? this.#samples[0];
    return sample?.taskMs ?? new Map();
  }

  #slots(pool: string): number {
    let slots = 0;
    for (const { pools } of this.#readings.values()) slots += pools.get(pool)?.runningTasks ?? 0;
    return slots;
  }

  /** Resolves when it has answered, or at once when it has just done so or owes an answer. */
  #ask(handle: DriverHandle): Promise<void> {
    const now = this.#options.clock.now();
    const reading = this.#readingOf(handle);
    if (reading.asking !== null) {
      return now - reading.askedAt < PATIENCE_MS ? reading.asking : Promise.resolve();
    }
    if (now - reading.answeredAt < FRESH_MS) return Promise.resolve();
    reading.askedAt = now;
    reading.asking = handle.driver
      .stats()
      .then(({ pools }) => this.#take(reading, pools))
      .catch(() => {
        // It has ended meanwhile, or will be found to hang.
      })
      .finally(() => {
        reading.asking = null;
      });
    return reading.asking;
  }

  #readingOf(handle: DriverHandle): Reading {
    const { epoch } = handle.gate;
    const known = this.#readings.get(handle);
    if (known?.epoch === epoch) return known;
    const before = Number.NEGATIVE_INFINITY;
    const reading = { epoch, pools: new Map(), asking: null, askedAt: before, answeredAt: before };
    this.#readings.set(handle, reading);
    return reading;
  }

  #take(reading: Reading, pools: readonly PoolStats[]): void {
    for (const { name, taskTimeMs } of pools) {
      const before = reading.pools.get(name)?.taskTimeMs ?? 0;
      // Of a pool that was made anew the driver counts anew.
      const grown = taskTimeMs < before ? taskTimeMs : taskTimeMs - before;
      this.#taskMs.set(name, (this.#taskMs.get(name) ?? 0) + grown);
    }
    reading.pools = new Map(pools.map((pool) => [pool.name, pool]));
    reading.answeredAt = this.#options.clock.now();
  }
}
