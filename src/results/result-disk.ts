import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders on their way out; no job id begins with a dot. */
const REMOVED = '.removed-';

const unlessMissing = async <T>(work: Promise<T>, otherwise: T): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise;
    throw error;
  }
};

/**
 * Removes a result folder, if it is there. It is renamed first, so that nobody opens half of a
 * result; what a crash leaves behind shows up among the orphans of the next start.
 */
export const removeResult = async (resultsDir: string, name: string): Promise<void> => {
  const aside = join(resultsDir, `${REMOVED}${randomUUID()}`);
  const moved = await unlessMissing(
    rename(join(resultsDir, name), aside).then(() => true),
    false,
  );
  if (moved) await rm(aside, { recursive: true, force: true, maxRetries: 3 });
};

const bytesBelow = async (path: string): Promise<number> => {
  const entries = await unlessMissing(readdir(path, { withFileTypes: true }), []);
  let bytes = 0;
  for (const entry of entries) {
    const below = join(path, entry.name);
    if (entry.isDirectory()) bytes += await bytesBelow(below);
    else
      bytes += await unlessMissing(
        stat(below).then(({ size }) => size),
        0,
      );
  }
  return bytes;
};

/** Bytes of all results together. */
export const resultBytes = (resultsDir: string): Promise<number> => bytesBelow(resultsDir);

/** Names in the results folder that belong to no known job: for `removeResult` at start. */
export const orphanResults = async (
  resultsDir: string,
  isKnown: (jobId: string) => Promise<boolean>,
): Promise<readonly string[]> => {
  const entries = await unlessMissing(readdir(resultsDir, { withFileTypes: true }), []);
  const orphans: string[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    if (entry.name.startsWith(REMOVED) || !(await isKnown(entry.name))) orphans.push(entry.name);
  }
  return orphans;
};
