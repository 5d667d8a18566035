/**
 * The same signal so soon after is no second wish: a Ctrl-C under `npm start` arrives twice, from
 * the terminal, which sends it to the whole group, and from npm, which passes it on.
 */
const ECHO_MS = 250;

export interface SignalActions {
  /** The first signal: stop in order. */
  readonly stop: (signal: NodeJS.Signals) => void;
  /** The second one: end at once. */
  readonly end: (signal: NodeJS.Signals) => void;
  readonly now: () => number;
}

export const createSignalHandler = (actions: SignalActions): ((signal: NodeJS.Signals) => void) => {
  let firstAt: number | null = null;
  return (signal) => {
    const at = actions.now();
    if (firstAt === null) {
      firstAt = at;
      actions.stop(signal);
    } else if (at - firstAt > ECHO_MS) actions.end(signal);
  };
};
