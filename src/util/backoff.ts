import type { Clock } from './clock.ts';

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** How long to wait before the n-th repetition, counted from 1: doubles up to the limit. */
export const backoffDelay = (options: BackoffOptions, repetition: number): number =>
  Math.min(options.maxMs, options.firstMs * 2 ** Math.min(30, repetition - 1));

export interface RepeatOptions extends BackoffOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  onFault(error: unknown, repetition: number): void;
}

/** Calls until it succeeds; gives up, with the last fault, only when the signal says so. */
export const repeatUntilDone = async <T>(
  call: () => Promise<T>,
  options: RepeatOptions,
): Promise<T> => {
  for (let repetition = 1; ; repetition += 1) {
    try {
      return await call();
    } catch (error) {
      if (options.signal.aborted) throw error;
      options.onFault(error, repetition);
      await pause(options.clock, backoffDelay(options, repetition), options.signal);
      if (options.signal.aborted) throw error;
    }
  }
};

/** Sleeps until the time is over or the signal says so. */
const pause = (clock: Clock, ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.after(ms, end);
    signal.addEventListener('abort', end);
  });
