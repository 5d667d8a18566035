import { backoffDelay } from '../util/backoff.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { DriverFleet } from './driver-fleet.ts';
import type { FleetDriver } from './fleet-driver.ts';

export interface WarmDriversOptions {
  readonly fleet: DriverFleet;
  readonly count: number;
  readonly clock: Clock;
  readonly log: Log;
}

const BACKOFF = { firstMs: 1000, maxMs: 60_000 };

/**
 * Drivers with the default configuration that stand ready for sessions. Taking one starts the
 * next in its place. Where memory is short there are fewer, until something ends; one that dies
 * is replaced, later each time that it happens in a row.
 */
export class WarmDrivers {
  readonly #options: WarmDriversOptions;
  readonly #standing = new Map<FleetDriver, () => void>();
  #open = false;
  #short = false;
  #deaths = 0;
  #waiting = false;

  constructor(options: WarmDriversOptions) {
    this.#options = options;
    const { fleet } = options;
    fleet.offerSpares(() => this.#dispensable());
    fleet.offerWarm(() => this.#take());
    fleet.onEnded((driver) => {
      this.#leave(driver);
      this.#fill();
    });
  }

  /** The shared driver has what it needs: the others may start. */
  start(): void {
    this.#open = true;
    this.#fill();
  }

  stop(): void {
    this.#open = false;
  }

  /** One that answers, or the one that was started first. */
  #take(): FleetDriver | null {
    const standing = [...this.#standing.keys()].filter(({ state }) => state !== 'stopping');
    const taken = standing.find(({ state }) => state === 'ready') ?? standing[0] ?? null;
    if (taken === null) return null;
    this.#leave(taken);
    // Not before the caller has what it takes for itself.
    queueMicrotask(() => this.#fill());
    return taken;
  }

  /** The youngest first: it has the least of its start behind it. */
  #dispensable(): readonly FleetDriver[] {
    return [...this.#standing.keys()].reverse();
  }

  #fill(): void {
    const { fleet, count, log } = this.#options;
    while (this.#open && !this.#waiting && this.#standing.size < count) {
      const driver = fleet.addWarm();
      if (driver === null) {
        if (!this.#short) log.warn({ count }, 'there is no room for all of libra.session.warm');
        this.#short = true;
        return;
      }
      this.#stand(driver);
    }
    if (this.#standing.size >= count) this.#short = false;
  }

  #stand(driver: FleetDriver): void {
    const unlisten = driver.listen({
      ready: () => {
        this.#deaths = 0;
      },
      lost: (cause) => {
        // Another process for it would be another warm driver: the stock makes that itself.
        this.#died(driver);
        void driver.end(cause);
      },
      failed: () => this.#died(driver),
    });
    this.#standing.set(driver, unlisten);
  }

  #leave(driver: FleetDriver): void {
    this.#standing.get(driver)?.();
    this.#standing.delete(driver);
  }

  #died(driver: FleetDriver): void {
    this.#leave(driver);
    this.#deaths += 1;
    this.#waiting = true;
    this.#options.clock.after(backoffDelay(BACKOFF, this.#deaths), () => {
      this.#waiting = false;
      this.#fill();
    });
  }
}
