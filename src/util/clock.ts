export interface Timer {
  cancel(): void;
}

/** Time as the core sees it, so that tests can move it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls once, `ms` from now. A timer alone never keeps the process alive. */
  after(ms: number, call: () => void): Timer;
}

/** setTimeout fires at once for anything longer than this (24.8 days). */
const LONGEST = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, call) {
    let handle: NodeJS.Timeout;
    const arm = (left: number): void => {
      const step = Math.min(left, LONGEST);
      handle = setTimeout(() => (left > step ? arm(left - step) : call()), step);
      handle.unref();
    };
    arm(Math.max(0, ms));
    return { cancel: () => clearTimeout(handle) };
  },
};

export const sleep = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(ms, resolve);
  });

/** The promise's value, or `late` when it takes longer than `ms`. */
export const within = async <T, L>(
  clock: Clock,
  ms: number,
  promise: Promise<T>,
  late: L,
): Promise<T | L> => {
  let timer: Timer | null = null;
  const timeout = new Promise<L>((resolve) => {
    timer = clock.after(ms, () => resolve(late));
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    (timer as Timer | null)?.cancel();
  }
};
