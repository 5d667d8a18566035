import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signal } from './processes.ts';

/**
 * In front of a command: it runs as this user alone, of no group but its own, and nothing that it
 * starts can become anybody else, programs with the setuid bit included.
 */
export const commandAs = (uid: number): readonly string[] => [
  'setpriv',
  ...[`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--inh-caps=-all', '--no-new-privs'],
  '--',
];

/** Where everybody may leave files. */
const OPEN_FOLDERS = ['/tmp', '/var/tmp', '/dev/shm'] as const;
const LOOK_AGAIN_MS = 50;
const LONGEST_PAUSE_MS = 2000;

/** Ends everything that runs as this user; resolves when nothing is left. Of root alone. */
export const endUser = async (uid: number): Promise<void> => {
  for (let pause = LOOK_AGAIN_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    for (const pid of await processesOfUser(uid)) signal(pid, 'SIGKILL');
    // Who forks faster than anybody reads /proc is ended by the kernel, all at one moment.
    const done = await runAs(uid, ['bash', '-c', 'kill -KILL -1']);
    if (done && (await processesOfUser(uid)).length === 0) return;
    await sleep(pause);
  }
};

/** Removes what this user has left where everybody may, before another one gets its id. */
export const removeFilesOf = async (uid: number): Promise<void> => {
  const found: string[] = [];
  for (const folder of OPEN_FOLDERS) {
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name);
      if ((await lstat(path).catch(() => null))?.uid === uid) found.push(path);
    }
  }
  // As that user: in there, whoever prepares a trap catches nobody but himself.
  if (found.length > 0) await runAs(uid, ['rm', '-rf', '--', ...found]);
};

/** Living processes that have this user id in any way; the server itself never is one. */
export const processesOfUser = async (uid: number): Promise<readonly number[]> => {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const ofUser = await Promise.all(pids.map((pid) => runsAs(pid, uid)));
  return pids.filter((pid, index) => ofUser[index] === true && pid !== process.pid);
};

/** The owner of /proc/<pid> would not do: who may not be dumped belongs to root there. */
const runsAs = async (pid: number, uid: number): Promise<boolean> => {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
  const state = /^State:\s+(\S)/m.exec(status)?.[1] ?? 'X';
  const ids = /^Uid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
  return !'ZX'.includes(state) && ids.map(Number).includes(uid);
};

/** False when it could not be started, or was killed. */
const runAs = async (uid: number, [program, ...args]: readonly string[]): Promise<boolean> => {
  if (program === undefined || !(uid > 0)) throw new Error(`${uid} is nobody to run as`);
  const child = spawn(program, args, {
    ...{ uid, gid: uid, cwd: '/', stdio: 'ignore' },
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
  });
  try {
    const [code] = await once(child, 'exit');
    return code !== null;
  } catch {
    return false;
  }
};
