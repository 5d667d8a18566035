import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

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
