import { loadFromProcess } from '../config/load.ts';
import { clearLeftovers } from '../processes/leftovers.ts';
import { DirectoryLock } from '../store/sqlite/directory-lock.ts';

// What a server that has ended left in its data directory; for bin/lib/supervise.sh. Where another
// server holds the directory already, that one has cleared it.
const LIMIT_MS = 15_000;
setTimeout(() => process.exit(1), LIMIT_MS).unref();

const { dataDir } = loadFromProcess().libra;
const lock = new DirectoryLock(dataDir);
try {
  lock.acquire();
} catch {
  process.exit(0);
}
await clearLeftovers(dataDir, null);
lock.release();
