/** Three ports side by side, and how often Spark may try the next one of each. */
export interface Ports {
  readonly slot: number;
  readonly driver: number;
  readonly blockManager: number;
  readonly ui: number;
  readonly retries: number;
}

const PORTS_OF_A_PROGRAM = 3;
const WIDTH = 12;

/**
 * Shares a range of ports out, so that programs that run at the same time do not try the same ones.
 * With more programs than places they do, and Spark goes on to the next free port.
 */
export class PortSlots {
  readonly #first: number;
  readonly #width: number;
  readonly #count: number;
  readonly #users: number[];

  constructor(range: { readonly first: number; readonly last: number }) {
    const size = range.last - range.first + 1;
    this.#first = range.first;
    this.#width = Math.min(WIDTH, size);
    this.#count = Math.max(1, Math.floor(size / this.#width));
    this.#users = new Array<number>(this.#count).fill(0);
  }

  /** `known` is the slot of a program that is taken up. */
  take(known: number | null = null): Ports {
    const fewest = Math.min(...this.#users);
    const slot = known !== null && known < this.#count ? known : this.#users.indexOf(fewest);
    this.#users[slot] = (this.#users[slot] ?? 0) + 1;
    const base = this.#first + slot * this.#width;
    return {
      slot,
      driver: base,
      blockManager: base + Math.min(1, this.#width - 1),
      ui: base + Math.min(2, this.#width - 1),
      retries: Math.max(0, this.#width - PORTS_OF_A_PROGRAM),
    };
  }

  give(slot: number): void {
    this.#users[slot] = Math.max(0, (this.#users[slot] ?? 0) - 1);
  }
}
