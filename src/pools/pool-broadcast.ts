import type { Pool } from '../domain/pool.ts';
import type { Driver } from '../drivers/driver.ts';
import type { Clock } from '../util/clock.ts';
import { within } from '../util/clock.ts';
import type { Log } from '../util/log.ts';

export interface PoolBroadcastOptions {
  /** All that are there to stay, whether they answer or not. */
  readonly drivers: () => readonly Driver[];
  readonly clock: Clock;
  readonly log: Log;
}

const PATIENCE_MS = 2000;

/** Tells the drivers of the pools; those that are made later start with them. */
export class PoolBroadcast {
  readonly #options: PoolBroadcastOptions;
  #told: Promise<unknown> = Promise.resolve();

  constructor(options: PoolBroadcastOptions) {
    this.#options = options;
  }

  tell(pools: readonly Pool[]): void {
    this.#told = Promise.all(this.#options.drivers().map((driver) => this.#tell(driver, pools)));
  }

  /** Resolves when all of them have the pools, or do not answer for now. */
  async arrived(): Promise<void> {
    await within(this.#options.clock, PATIENCE_MS, this.#told, null);
  }

  async #tell(driver: Driver, pools: readonly Pool[]): Promise<void> {
    try {
      await driver.setPools(pools);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'a driver did not take the pools');
    }
  }
}
