import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * A folder for the temporary files of this server's JVM. In the data directory, so that the next
 * server can remove what one that was killed has left: the lock says that nobody uses it.
 */
export const makeScratch = (dataDir: string): string | null => {
  // Short: Unix sockets below it have some hundred characters for their whole path.
  const folder = join(dataDir, 'tmp', randomBytes(4).toString('hex'));
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  } catch {
    // The store will say what is wrong with the data directory; the driver can do without.
    return null;
  }
};

/** Removes what former servers left; only for whoever holds the lock of the data directory. */
export const sweepScratch = async (scratch: string | null): Promise<void> => {
  if (scratch === null) return;
  const all = await readdir(dirname(scratch)).catch(() => []);
  const others = all.filter((name) => name !== basename(scratch));
  await Promise.all(
    others.map((name) =>
      rm(join(dirname(scratch), name), { recursive: true, force: true }).catch(() => {}),
    ),
  );
};
