import type { Driver, DriverInfo } from '../drivers/driver.ts';
import type { Clock } from '../util/clock.ts';

export interface DriverListener {
  ready(info: DriverInfo): void;
  /** The context ended: whatever lived in the driver is gone, and a new one is being made. */
  lost(cause: string): void;
}

/** Whether the shared driver answers, for all who have to wait for it or to know. */
export class DriverGate {
  readonly #listeners: DriverListener[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #clock: Clock;
  #info: DriverInfo | null = null;
  #ready = false;
  #fault: string | null = null;
  #epoch = 0;

  constructor(driver: Driver, clock: Clock) {
    this.#clock = clock;
    driver.onReady((info) => this.#opened(info));
    driver.onContextLost((cause) => this.#lost(cause));
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** What the driver last said of itself; null before it was ready for the first time. */
  get info(): DriverInfo | null {
    return this.#info;
  }

  /** Counts the contexts that were lost: what was made under another number is gone. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Why it is not ready; null while it starts for the first time. */
  get fault(): string | null {
    return this.#fault;
  }

  /** The start was given up. */
  failed(cause: string): void {
    this.#ready = false;
    this.#fault = cause;
  }

  listen(listener: DriverListener): void {
    this.#listeners.push(listener);
  }

  /** Answers whether the driver got ready within the time. */
  async waitReady(ms: number): Promise<boolean> {
    if (this.#ready) return true;
    return new Promise((resolve) => {
      const end = (ready: boolean): void => {
        timer.cancel();
        this.#waiting.delete(opened);
        resolve(ready);
      };
      const opened = (): void => end(true);
      const timer = this.#clock.after(ms, () => end(false));
      this.#waiting.add(opened);
    });
  }

  #opened(info: DriverInfo): void {
    this.#info = info;
    this.#ready = true;
    this.#fault = null;
    for (const listener of this.#listeners) listener.ready(info);
    for (const resolve of [...this.#waiting]) resolve();
  }

  #lost(cause: string): void {
    this.#ready = false;
    this.#fault = cause;
    this.#epoch += 1;
    for (const listener of this.#listeners) listener.lost(cause);
  }
}
