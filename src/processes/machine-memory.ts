import { totalmem } from 'node:os';

/** The limit of the container where there is one. */
export const memoryOfMachine = (): number => {
  const limit = process.constrainedMemory() ?? 0;
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
};
