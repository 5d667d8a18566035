import type { Driver, DriverInfo, MadeDriver } from '../drivers/driver.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { within } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { DriverGate } from './driver-gate.ts';
import type { DriverHandle } from './driver-handle.ts';

/** Of a session, for single statements, or waiting for a session. */
export const DRIVER_PURPOSES = ['isolated', 'dedicated', 'warm'] as const;
export type DriverPurpose = (typeof DRIVER_PURPOSES)[number];

export const FLEET_STATES = ['starting', 'ready', 'recovering', 'stopping'] as const;
export type FleetState = (typeof FLEET_STATES)[number];

export interface FleetListener {
  ready(info: DriverInfo): void;
  /** Its process ended; a new one is being made. */
  lost(cause: string): void;
  /** It is given up: it did not start, or not again. Its process is on its way out. */
  failed(reason: string): void;
}

export interface FleetDriverOptions {
  readonly made: MadeDriver;
  readonly memoryBytes: number;
  readonly purpose: DriverPurpose;
  readonly startTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Nothing of its process is left. */
  readonly onEnded: (driver: FleetDriver) => void;
}

/** The driver itself gives its start up first, and knows more of why; this is for one that hangs. */
const START_GRACE_MS = 15_000;
/** After so many failed tries to replace a lost process there is no other one. */
const TRIES = 3;
/** A process that outlives this cannot be killed at all; its place is not held for it. */
const STOP_LIMIT_MS = 30_000;

/**
 * A driver in a process of its own, from the decision to make it until nothing of it is left.
 *
 *   starting ──▶ ready ⇄ recovering
 *       └──────────┴────────┴──▶ stopping ──▶ (left the fleet)
 *
 * The driver heals itself: when its process dies it says so, and makes a new one. A start that
 * fails or takes too long, and a third failed try to replace a process, end it: `failed`.
 */
export class FleetDriver implements DriverHandle {
  readonly driver: Driver;
  readonly gate: DriverGate;
  readonly memoryBytes: number;
  purpose: DriverPurpose;
  /** It was made before anyone asked for it, with the default configuration. */
  readonly madeWarm: boolean;
  readonly #options: FleetDriverOptions;
  readonly #listeners = new Set<FleetListener>();
  #state: FleetState = 'starting';
  #launched = false;
  #failure: string | null = null;
  #failedTries = 0;
  #recovery: Timer | null = null;
  #ending: Promise<void> | null = null;

  constructor(options: FleetDriverOptions) {
    this.#options = options;
    this.driver = options.made.driver;
    this.gate = new DriverGate(this.driver, options.clock);
    this.memoryBytes = options.memoryBytes;
    this.purpose = options.purpose;
    this.madeWarm = options.purpose === 'warm';
    this.gate.listen({ ready: (info) => this.#ready(info), lost: (cause) => this.#lost(cause) });
  }

  get state(): FleetState {
    return this.#state;
  }

  /** Why it was given up; null when it was not. */
  get failure(): string | null {
    return this.#failure;
  }

  listen(listener: FleetListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Once what it takes the place of has ended. */
  async launch(after: Promise<unknown>): Promise<void> {
    const { made, startTimeoutMs, clock } = this.#options;
    await after;
    if (this.#ending !== null) return;
    this.#launched = true;
    try {
      const info = await within(clock, startTimeoutMs + START_GRACE_MS, made.start(), null);
      if (info === null) {
        this.#fail(`The driver did not start within ${Math.round(startTimeoutMs / 1000)} s.`);
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  /** Resolves when nothing of its process is left. */
  end(why: string): Promise<void> {
    this.#ending ??= this.#end(why);
    return this.#ending;
  }

  async #end(why: string): Promise<void> {
    const { clock, log, onEnded } = this.#options;
    this.#state = 'stopping';
    this.#recovery?.cancel();
    log.info({ purpose: this.purpose, appId: this.gate.info?.appId ?? null, why }, 'driver ends');
    if (this.#launched && !(await within(clock, STOP_LIMIT_MS, this.#stop(), false))) {
      log.error({ why }, 'a driver does not stop: its process may still be there');
    }
    onEnded(this);
  }

  async #stop(): Promise<true> {
    try {
      await this.driver.stop();
    } catch (error) {
      this.#options.log.warn({ err: error }, 'a driver did not stop in order');
    }
    return true;
  }

  #ready(info: DriverInfo): void {
    if (this.#ending !== null) return;
    this.#recovery?.cancel();
    this.#failedTries = 0;
    this.#state = 'ready';
    const { appId, master } = info;
    this.#options.log.info({ purpose: this.purpose, appId, master }, 'driver ready');
    for (const listener of [...this.#listeners]) listener.ready(info);
  }

  #lost(cause: string): void {
    // Before the first answer the start itself says what is wrong.
    if (this.#ending !== null || this.#state === 'starting') return;
    if (this.#state === 'ready') {
      const { clock, log, startTimeoutMs } = this.#options;
      this.#state = 'recovering';
      log.warn({ purpose: this.purpose, cause }, 'driver lost');
      this.#recovery = clock.after(TRIES * startTimeoutMs, () => this.#fail(cause));
      for (const listener of [...this.#listeners]) listener.lost(cause);
      return;
    }
    this.#failedTries += 1;
    if (this.#failedTries >= TRIES) this.#fail(cause);
  }

  #fail(reason: string): void {
    if (this.#ending !== null) return;
    this.#failure = reason;
    this.#options.log.warn({ purpose: this.purpose, reason }, 'a driver was given up');
    void this.end(reason);
    for (const listener of [...this.#listeners]) listener.failed(reason);
  }
}
