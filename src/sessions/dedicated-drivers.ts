import type { Clock, Timer } from '../util/clock.ts';
import type { DriverFleet } from './driver-fleet.ts';
import type { DriverHandle } from './driver-handle.ts';
import type { FleetDriver } from './fleet-driver.ts';

type Settings = Readonly<Record<string, string>>;

export interface DedicatedDriversOptions {
  readonly fleet: DriverFleet;
  readonly clock: Clock;
  /** How long one waits for its next statement. */
  readonly idleMs: number;
}

/** A statement's hold on the driver that was made for it, from before it is on disk to its end. */
export interface DedicatedHold {
  readonly handle: DriverHandle;
  /** Why the driver was given up: whoever holds it has to end the job. */
  readonly failure: string | null;
  release(): void;
}

interface Kept {
  readonly driver: FleetDriver;
  holds: number;
  idle: Timer | null;
}

/**
 * Drivers for single statements whose settings no running driver can take. Statements of the same
 * owner with equal settings share one; it is kept for a while after its last, and gives way to
 * other drivers meanwhile.
 */
export class DedicatedDrivers {
  readonly #options: DedicatedDriversOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #failureListeners: ((handle: DriverHandle, reason: string) => void)[] = [];

  constructor(options: DedicatedDriversOptions) {
    this.#options = options;
    options.fleet.offerSpares(() => this.#idle());
    options.fleet.onEnded((driver) => this.#forget(driver));
  }

  /** Called when a driver was given up, with the statements on it still waiting. */
  onFailed(listener: (handle: DriverHandle, reason: string) => void): void {
    this.#failureListeners.push(listener);
  }

  /** The driver that statements of this kind have already. */
  find(owner: string, settings: Settings): DriverHandle | null {
    return this.#usable(keyOf(owner, settings))?.driver ?? null;
  }

  /** Throws the Problem that says why there is no room for one. */
  hold(owner: string, settings: Settings): DedicatedHold {
    const key = keyOf(owner, settings);
    const kept = this.#usable(key) ?? this.#make(key, settings);
    kept.holds += 1;
    kept.idle?.cancel();
    kept.idle = null;
    let held = true;
    return {
      handle: kept.driver,
      get failure() {
        return kept.driver.failure;
      },
      release: () => {
        if (held) this.#release(kept);
        held = false;
      },
    };
  }

  #usable(key: string): Kept | null {
    const kept = this.#kept.get(key);
    return kept === undefined || kept.driver.state === 'stopping' ? null : kept;
  }

  #make(key: string, settings: Settings): Kept {
    const driver = this.#options.fleet.acquire(settings, 'dedicated', false);
    const kept: Kept = { driver, holds: 0, idle: null };
    this.#kept.set(key, kept);
    driver.listen({
      ready: () => {},
      lost: (cause) => {
        if (kept.holds === 0) void driver.end(cause);
      },
      failed: (reason) => {
        for (const listener of this.#failureListeners) listener(driver, reason);
      },
    });
    return kept;
  }

  #release(kept: Kept): void {
    kept.holds -= 1;
    if (kept.holds > 0) return;
    kept.idle = this.#options.clock.after(this.#options.idleMs, () => {
      void kept.driver.end('no statement came for it');
    });
  }

  #idle(): readonly FleetDriver[] {
    return [...this.#kept.values()].filter(({ holds }) => holds === 0).map(({ driver }) => driver);
  }

  #forget(driver: FleetDriver): void {
    for (const [key, kept] of this.#kept) {
      if (kept.driver !== driver) continue;
      kept.idle?.cancel();
      this.#kept.delete(key);
    }
  }
}

/** Equal settings are one configuration, in whatever order they were sent. */
const keyOf = (owner: string, settings: Settings): string =>
  JSON.stringify([owner, Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1))]);
