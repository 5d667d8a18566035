import { chmod, lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface DataFolders {
  readonly dataDir: string;
  readonly resultsDir: string;
  /** Holds the folders of drivers that run as other users; null where there are none. */
  readonly driversDir: string | null;
}

const OURS = ['logs', 'results', 'files', 'programs'] as const;
const PASS_ONLY = 0o711;

/**
 * What the server keeps is for the server alone. Where drivers run as other users, these pass
 * through the data directory to folders of their own, so that everything else in it has to be
 * closed by itself. A folder that is somebody else's is left as it is.
 */
export const closeDataFolders = async (folders: DataFolders): Promise<void> => {
  const { dataDir, resultsDir, driversDir } = folders;
  for (const path of [...OURS.map((name) => join(dataDir, name)), resultsDir]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  }
  if (driversDir === null) return;
  await mkdir(driversDir, { recursive: true, mode: PASS_ONLY });
  const names = await readdir(dataDir);
  for (const path of [...names.map((name) => join(dataDir, name)), resultsDir]) {
    await close(path);
  }
  await chmod(driversDir, PASS_ONLY);
  await chmod(dataDir, PASS_ONLY);
};

const close = async (path: string): Promise<void> => {
  const found = await lstat(path).catch(() => null);
  if (found === null || found.isSymbolicLink() || found.uid !== process.getuid?.()) return;
  await chmod(path, found.isDirectory() ? 0o700 : 0o600).catch(() => {});
};
