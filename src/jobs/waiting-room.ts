import type { Admission } from '../pools/admission.ts';

/** Room for a job that is still on its way to the disk. */
export interface Reservation {
  release(): void;
}

/** Whose limit keeps a job from waiting: its pool's, or that of the server. */
export type FullQueue = 'POOL' | 'SERVER';

/** How many jobs wait, and may, at all the lines that share it. */
export class WaitingRoom {
  readonly #admission: Admission;
  readonly #most: number;
  #taken = 0;

  constructor(admission: Admission, most: number) {
    this.#admission = admission;
    this.#most = most;
  }

  enter(pool: string): void {
    this.#taken += 1;
    this.#admission.queued(pool);
  }

  leave(pool: string): void {
    this.#taken -= 1;
    this.#admission.unqueued(pool);
  }

  /** For a job that will have to wait. */
  reserve(pool: string): Reservation | FullQueue {
    if (!this.#admission.mayWait(pool)) return 'POOL';
    if (this.#taken >= this.#most) return 'SERVER';
    this.#taken += 1;
    const arrived = this.#admission.expect(pool, false);
    return once(() => {
      this.#taken -= 1;
      arrived();
    });
  }
}

export const once = (release: () => void): Reservation => {
  let held = true;
  return {
    release: () => {
      if (held) release();
      held = false;
    },
  };
};
