/** User ids for processes that are to touch nothing of others: each has one, nobody else has it. */
export class UserIds {
  readonly count: number;
  readonly #free: number[];
  readonly #waiting: ((uid: number) => void)[] = [];

  constructor(ids: readonly number[]) {
    this.count = ids.length;
    this.#free = [...ids];
  }

  /** Waits where all are taken: one comes back when nothing runs under it any more. */
  take(): Promise<number> {
    const uid = this.#free.shift();
    if (uid !== undefined) return Promise.resolve(uid);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The one that was free for the longest time is the next: late files of its are found by nobody. */
  give(uid: number): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(uid);
    else next(uid);
  }
}
