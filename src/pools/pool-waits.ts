import type { Clock } from '../util/clock.ts';

/** Milliseconds; null where no job has started of late. */
export interface Waits {
  readonly p50: number | null;
  readonly p95: number | null;
}

const WINDOW_MS = 300_000;
const MOST = 1000;

/** How long jobs have stood in line: of each pool the last thousand that started within five minutes. */
export class PoolWaits {
  readonly #clock: Clock;
  readonly #started = new Map<string, { readonly at: number; readonly ms: number }[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  record(pool: string, ms: number): void {
    const started = this.#started.get(pool) ?? [];
    started.push({ at: this.#clock.now(), ms });
    if (started.length > MOST) started.shift();
    this.#started.set(pool, started);
  }

  of(pool: string): Waits {
    const since = this.#clock.now() - WINDOW_MS;
    const lately = (this.#started.get(pool) ?? []).filter(({ at }) => at >= since);
    const sorted = lately.map(({ ms }) => ms).sort((a, b) => a - b);
    return { p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) };
  }

  /** All other pools are gone. */
  keep(pools: ReadonlySet<string>): void {
    for (const pool of this.#started.keys()) if (!pools.has(pool)) this.#started.delete(pool);
  }
}

/** The nearest rank: a wait that some job had. */
const quantile = (sorted: readonly number[], q: number): number | null =>
  sorted[Math.max(0, Math.ceil(sorted.length * q) - 1)] ?? null;
