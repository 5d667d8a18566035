import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseIdentity } from '../../processes/processes.ts';
import type { Clock } from '../../util/clock.ts';
import { killLeftovers } from './child-process.ts';

/**
 * Ends the drivers that a server has left behind, a stopped process for one, and removes their
 * folders. Only for whoever holds the lock of the data directory, before it starts drivers itself.
 */
export const sweepChildren = async (driversDir: string, clock: Clock): Promise<void> => {
  const names = await readdir(driversDir).catch(() => []);
  await Promise.all(
    names.map(async (name) => {
      const folder = join(driversDir, name);
      const record = await readFile(join(folder, 'process'), 'utf8').catch(() => '');
      const identity = parseIdentity(record);
      if (identity !== null) await killLeftovers(folder, identity, { clock, spareUnmarkedMs: 0 });
      await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
    }),
  );
};
