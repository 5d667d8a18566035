import type { Clock, Timer } from '../../src/util/clock.ts';

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly call: () => void;
}

/** Time that moves only when a test says so. */
export class FakeClock implements Clock {
  #now: number;
  #order = 0;
  readonly #pending = new Set<Pending>();

  constructor(now = Date.parse('2025-11-03T10:00:00.000Z')) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): Timer {
    const entry = { at: this.#now + Math.max(0, ms), order: this.#order, call };
    this.#order += 1;
    this.#pending.add(entry);
    return { cancel: () => void this.#pending.delete(entry) };
  }

  get timers(): number {
    return this.#pending.size;
  }

  /** Time in which nothing is called, as for a machine that sleeps: what fell due comes afterwards. */
  sleepFor(ms: number): void {
    this.#now += ms;
  }

  /** Moves on, calling what falls due in its order and letting promises settle after each call. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settled();
    for (;;) {
      const next = [...this.#pending]
        .filter((entry) => entry.at <= until)
        .sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (next === undefined) break;
      this.#pending.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.call();
      await settled();
    }
    this.#now = until;
  }
}

/** Every promise that can go on by itself has gone on. */
export const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
