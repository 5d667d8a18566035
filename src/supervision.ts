import { write } from 'node:fs';

const BEAT_MS = 1000;

/** The way to `bin/lib/supervise.sh`, which hears that the event loop turns, or why it will not. */
export interface Supervision {
  /** From now on; calls once when the supervisor is gone. */
  start(onGone: () => void): void;
  /** Why this server is about to end, for its successor. */
  tellCause(cause: string): Promise<void>;
}

/** `descriptor` is null where nobody supervises. */
export const supervision = (descriptor: number | null): Supervision => {
  if (descriptor === null) return { start: () => {}, tellCause: async () => {} };
  // Its death gives us another parent; the pipe would not tell, and would fill up.
  const parent = process.ppid;
  let writing = false;
  const tell = (line: string): Promise<void> =>
    new Promise((resolve) => {
      writing = true;
      write(descriptor, `${line}\n`, () => {
        writing = false;
        resolve();
      });
    });
  return {
    start(onGone) {
      const beat = (): void => {
        if (process.ppid !== parent) {
          clearInterval(timer);
          onGone();
        } else if (!writing) void tell('alive');
      };
      const timer = setInterval(beat, BEAT_MS).unref();
      beat();
    },
    tellCause: (cause) => tell(`cause ${cause.replaceAll(/\s+/g, ' ')}`),
  };
};
