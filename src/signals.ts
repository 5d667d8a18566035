/**
 * Under `npm start` one Ctrl-C arrives twice: from the terminal, which sends it to the whole group,
 * and from npm, which passes it on. What follows so soon is that echo, and no second wish.
 */
const ECHO_MS = 250;

export interface SignalActions {
  /** The first signal: stop in order. */
  readonly stop: (signal: NodeJS.Signals) => void;
  /** The second one: end at once. */
  readonly end: (signal: NodeJS.Signals) => void;
  readonly now: () => number;
  /** npm stands in front of this process and repeats signals. */
  readonly underNpm: boolean;
}

export const createSignalHandler = (actions: SignalActions): ((signal: NodeJS.Signals) => void) => {
  const echoMs = actions.underNpm ? ECHO_MS : 0;
  let firstAt: number | null = null;
  return (signal) => {
    const at = actions.now();
    if (firstAt === null) {
      firstAt = at;
      actions.stop(signal);
    } else if (at - firstAt >= echoMs) actions.end(signal);
  };
};
