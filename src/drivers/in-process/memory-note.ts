import { existsSync } from 'node:fs';
import { join } from 'node:path';

const OPTION = '-XX:OnOutOfMemoryError=';
const LOOK_MS = 1000;

/**
 * The JVM leaves a file when it is out of memory for the first time, whatever thread wanted some
 * and whoever caught the error: for the cause of what may follow.
 */
export const memoryNoteOptions = (folder: string | null): readonly string[] => {
  // A shell reads the command, and the JVM takes it apart at semicolons.
  const plain = folder !== null && /^[\w./@+=~ -]+$/.test(folder);
  return plain ? [`${OPTION}: > '${join(folder, 'out-of-memory')}'`] : [];
};

/** Calls once, when the note is there. */
export const watchMemoryNote = (options: readonly string[], onNote: () => void): void => {
  const option = options.find((each) => each.startsWith(OPTION));
  const file = option === undefined ? undefined : /'(.*)'$/.exec(option)?.[1];
  if (file === undefined) return;
  const timer = setInterval(() => {
    if (!existsSync(file)) return;
    clearInterval(timer);
    onNote();
  }, LOOK_MS).unref();
};
