import { statfs } from 'node:fs/promises';
import type { Driver } from '../drivers/driver.ts';
import type { Store, StoreHealth } from '../store/store.ts';
import { StoreUnavailableError } from '../store/store.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { DriverGate } from './driver-gate.ts';

type Component = {
  readonly status: 'UP' | 'DOWN';
  readonly details: Readonly<Record<string, unknown>>;
};

export interface HealthServiceOptions {
  readonly store: Store;
  readonly driver: Driver;
  readonly gate: DriverGate;
  readonly clock: Clock;
  readonly dataDir: string;
  readonly isStopping: () => boolean;
  readonly activeSessions: () => number;
}

/** Answers stay good this long, so that a flood of probes does not reach disk and driver. */
const FRESH_MS = 2000;
const HEARTBEAT_MS = 5000;
/** A driver that answered nothing for this long is down, whatever it said before. */
const SILENCE_MS = 30_000;
const LEAST_FREE_BYTES = 100 * 1024 * 1024;
const LEAST_FREE_SHARE = 0.01;

/** Whether the server can do its work: disk, driver, store. */
export class HealthService {
  readonly #options: HealthServiceOptions;
  readonly #disk: () => Promise<Component>;
  readonly #store: () => Promise<StoreHealth>;
  #lastAnswer: number | null = null;
  #asking = false;
  #timer: Timer | null = null;

  constructor(options: HealthServiceOptions) {
    this.#options = options;
    this.#disk = fresh(options.clock, () => diskSpace(options.dataDir));
    this.#store = fresh(options.clock, () => storeHealth(options.store));
    options.gate.listen({
      ready: () => {
        this.#lastAnswer = options.clock.now();
      },
      lost: () => {},
    });
  }

  /** Asks the driver again and again whether it answers. */
  start(): void {
    this.#timer = this.#options.clock.after(HEARTBEAT_MS, () => {
      this.#heartbeat();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  async components(): Promise<
    Readonly<Record<'diskSpace' | 'ping' | 'spark' | 'store', Component>>
  > {
    const [diskSpace, store] = await Promise.all([this.#disk(), this.#store()]);
    return {
      diskSpace,
      ping: { status: 'UP', details: {} },
      spark: this.#spark(),
      store: {
        status: store.ok ? 'UP' : 'DOWN',
        details: { bytes: store.bytes, ...(store.detail === null ? {} : { error: store.detail }) },
      },
    };
  }

  async ready(): Promise<{ readonly ready: boolean; readonly reason: string | null }> {
    const reason = await this.#whyNotReady();
    return { ready: reason === null, reason };
  }

  async activeSessions(): Promise<number> {
    return this.#options.activeSessions();
  }

  async #whyNotReady(): Promise<string | null> {
    if (this.#options.isStopping()) return 'The server is stopping.';
    const spark = this.#spark();
    if (spark.status === 'DOWN') return String(spark.details.reason);
    const store = await this.#store();
    return store.ok ? null : `The store does not work: ${store.detail}`;
  }

  #spark(): Component {
    const { gate, clock } = this.#options;
    const { info } = gate;
    if (!gate.ready) {
      return { status: 'DOWN', details: { reason: gate.fault ?? 'The driver starts.' } };
    }
    const silence = clock.now() - (this.#lastAnswer ?? clock.now());
    if (silence > SILENCE_MS) {
      const seconds = Math.round(silence / 1000);
      return { status: 'DOWN', details: { reason: `The driver is silent since ${seconds} s.` } };
    }
    return {
      status: 'UP',
      details: { appId: info?.appId, master: info?.master, version: info?.sparkVersion },
    };
  }

  /** One question at a time: a driver that hangs is not asked more and more. */
  #heartbeat(): void {
    const { driver, gate, clock } = this.#options;
    if (this.#asking || !gate.ready) return;
    this.#asking = true;
    const answered = (): void => {
      this.#asking = false;
    };
    driver.stats().then(
      () => {
        this.#lastAnswer = clock.now();
        answered();
      },
      () => answered(),
    );
  }
}

/** The same answer for everyone who asks within a while. */
const fresh = <T>(clock: Clock, ask: () => Promise<T>): (() => Promise<T>) => {
  let answer: Promise<T> | null = null;
  let until = 0;
  return () => {
    if (answer === null || clock.now() >= until) {
      until = clock.now() + FRESH_MS;
      answer = ask();
    }
    return answer;
  };
};

const diskSpace = async (dataDir: string): Promise<Component> => {
  try {
    const { bavail, blocks, bsize } = await statfs(dataDir);
    const free = bavail * bsize;
    const total = blocks * bsize;
    const threshold = Math.min(LEAST_FREE_BYTES, total * LEAST_FREE_SHARE);
    return { status: free > threshold ? 'UP' : 'DOWN', details: { total, free, threshold } };
  } catch (error) {
    return { status: 'DOWN', details: { error: (error as NodeJS.ErrnoException).code ?? 'EIO' } };
  }
};

const storeHealth = async (store: Store): Promise<StoreHealth> => {
  try {
    return await store.health();
  } catch (error) {
    const detail = error instanceof StoreUnavailableError ? error.message : 'it does not answer';
    return { ok: false, detail, bytes: 0 };
  }
};
