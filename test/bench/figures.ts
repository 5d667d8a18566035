/** Numbers as people read them. */
export const quantile = (values: readonly number[], q: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const index = Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1));
  return sorted[index] ?? Number.NaN;
};

export const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;

export const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;

/** A line of a bench: every figure that the project quotes is printed by one of these. */
export const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Times one call in milliseconds. */
export const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
};

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** Says whether a figure keeps what was promised; one that does not makes the whole bench fail. */
export const judge = (what: string, value: number, most: number): void => {
  const kept = value <= most;
  say(`${what}: ${value.toFixed(2)}, at most ${most}: ${kept ? 'passes' : 'MISSES'}`);
  if (!kept) process.exitCode = 1;
};
