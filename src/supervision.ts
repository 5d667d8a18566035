import { write } from 'node:fs';

const BEAT_MS = 1000;

/** The way to `bin/lib/supervise.sh`, which hears that the event loop turns, or why it will not. */
export interface Supervision {
  /** From now on; calls once when the supervisor is gone. */
  start(onGone: () => void): void;
  /** The event loop may stand still for so long, until it is told with 0. */
  tellPause(seconds: number): Promise<void>;
  /** What may be why, should this server crash. */
  tellNote(note: string): Promise<void>;
  /** Why this server is about to end, for its successor. */
  tellCause(cause: string): Promise<void>;
}

/** `descriptor` is null where nobody supervises. */
export const supervision = (descriptor: number | null): Supervision => {
  if (descriptor === null) {
    const nobody = async (): Promise<void> => {};
    return { start: () => {}, tellPause: nobody, tellNote: nobody, tellCause: nobody };
  }
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
    tellPause: (seconds) => tell(`wait ${seconds}`),
    tellNote: (note) => tell(`note ${note}`),
    tellCause: (cause) => tell(`cause ${cause.replaceAll(/\s+/g, ' ')}`),
  };
};
