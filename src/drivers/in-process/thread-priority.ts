import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { NICENESS } from '../../util/niceness.ts';

const THREADS = '/proc/self/task';

/** Ids of the threads of this process; none where the system does not tell. */
const threadIds = (): readonly number[] => {
  try {
    return readdirSync(THREADS).map(Number);
  } catch {
    return [];
  }
};

/**
 * Runs what loads the JVM and then puts the threads that it made behind those of Node, on Linux:
 * with every core busy in Spark, the event loop would otherwise wait its turn like any task, and
 * health checks with it. Threads inherit their niceness, so one pass is enough.
 */
export const loadBehindEventLoop = <T>(load: () => T): T => {
  const ours = new Set(threadIds());
  const loaded = load();
  for (const id of threadIds()) {
    if (ours.has(id)) continue;
    try {
      // On Linux this is the priority of one thread.
      setPriority(id, NICENESS);
    } catch {
      // The thread has ended, or the system forbids it: it is about speed only.
    }
  }
  return loaded;
};
