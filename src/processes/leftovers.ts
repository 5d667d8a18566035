import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  isAlive,
  type ProcessIdentity,
  parseIdentity,
  processesWhere,
  signal,
} from './processes.ts';
import { endUser, removeFilesOf } from './user-processes.ts';

/** Stands in the environment of all that a driver starts; the value is the driver's folder. */
export const DRIVER_MARK = 'LIBRA_DRIVER';

/** Holds, in the folder of a driver process, who it is. */
export const PROCESS_FILE = 'process';

/** In the folder of a driver that runs as another user: what belongs to that user. */
export const OWN_FOLDER = 'own';

const PLACES = ['tmp', 'drivers'] as const;
const LOOK_AGAIN_MS = 50;
const GIVE_UP_MS = 8000;

/**
 * Ends and removes what servers of this data directory have left: drivers and interpreters that did
 * not notice the end (a stopped process notices nothing), whatever those have started, and their
 * folders. Programs of spark-submit are none of these. Only for whoever holds the lock of the
 * directory; `own` is the folder that stays.
 */
export const clearLeftovers = async (dataDir: string, own: string | null): Promise<void> => {
  const folders = await foldersIn(dataDir, own);
  if (folders.length === 0) return;
  await endAll(folders);
  await Promise.all(folders.map(endUserOf));
  await Promise.all(
    folders.map((folder) =>
      rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {}),
    ),
  );
};

const foldersIn = async (dataDir: string, own: string | null): Promise<readonly string[]> => {
  const found = await Promise.all(
    PLACES.map(async (place) => {
      const names = await readdir(join(dataDir, place)).catch(() => []);
      return names.map((name) => join(dataDir, place, name));
    }),
  );
  return found.flat().filter((folder) => folder !== own);
};

/** Again and again: who is killed may have forked a moment before. */
const endAll = async (folders: readonly string[]): Promise<void> => {
  const marks = new Set(folders);
  const leaders = await leadersOf(folders);
  const deadline = performance.now() + GIVE_UP_MS;
  for (;;) {
    const left = await processesWhere(
      ({ pid, session, environment }) =>
        leaders.has(pid) || leaders.has(session) || marks.has(environment(DRIVER_MARK) ?? ''),
    );
    for (const pid of left) signal(pid, 'SIGKILL');
    if (left.length === 0 || performance.now() > deadline) return;
    await sleep(LOOK_AGAIN_MS);
  }
};

/** The server alone can have given the folder away: it tells whose processes there may be. */
const endUserOf = async (folder: string): Promise<void> => {
  const uid = (await lstat(join(folder, OWN_FOLDER)).catch(() => null))?.uid ?? 0;
  if (uid === 0 || process.getuid?.() !== 0) return;
  await endUser(uid);
  await removeFilesOf(uid);
};

/** The recorded processes, each with a session of its own, as long as the number is still theirs. */
const leadersOf = async (folders: readonly string[]): Promise<ReadonlySet<number>> => {
  const leaders = new Set<number>();
  for (const folder of folders) {
    const text = await readFile(join(folder, PROCESS_FILE), 'utf8').catch(() => '');
    const identity: ProcessIdentity | null = parseIdentity(text);
    if (identity !== null && (await isAlive(identity))) leaders.add(identity.pid);
  }
  return leaders;
};
