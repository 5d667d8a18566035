import { readdir, readFile } from 'node:fs/promises';

/** A process that no other one is taken for, not after a restart of the machine either. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since the machine started; `-` where the system does not tell. */
  readonly startTime: string;
  readonly bootId: string;
}

const UNKNOWN = '-';

export const parseIdentity = (text: string): ProcessIdentity | null => {
  const [, pid, startTime, bootId] = /^(\d+) (\S+) (\S+)\n/.exec(text) ?? [];
  if (pid === undefined || startTime === undefined || bootId === undefined) return null;
  return { pid: Number(pid), startTime, bootId };
};

/** Of a process that was just started, and whose end nobody has been told yet. */
export const identityOf = async (pid: number): Promise<ProcessIdentity> => {
  const stat = await statOf(pid);
  return {
    pid,
    startTime: stat?.startTime ?? UNKNOWN,
    bootId: stat === null ? UNKNOWN : await currentBoot(),
  };
};

export const isAlive = async ({ pid, startTime, bootId }: ProcessIdentity): Promise<boolean> => {
  if (startTime === UNKNOWN) return signal(pid, 0);
  if (bootId !== (await currentBoot())) return false;
  const stat = await statOf(pid);
  return stat !== null && !stat.dead && stat.startTime === startTime;
};

const currentBoot = async (): Promise<string> =>
  (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim();

/** Whether the signal reached anybody. */
export const signal = (pid: number, name: NodeJS.Signals | 0): boolean => {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
};

export interface Belonging {
  /** Stands in the environment of the program and of all that it starts. */
  readonly mark: string;
  readonly wrapper: ProcessIdentity;
  /** Whether the wrapper and what keeps the output count as well. */
  readonly withWrapper: boolean;
}

/**
 * All processes of a program: by its session, and by its mark where one has left the session. None
 * where the system has no /proc.
 */
export const processesOf = async (belonging: Belonging): Promise<readonly number[]> => {
  const { wrapper } = belonging;
  if (wrapper.bootId !== (await currentBoot())) return [];
  // Nobody else gets the pid of the wrapper while a process of its session lives; once none does,
  // a stranger may, and leads a session of that number.
  const leader = await statOf(wrapper.pid);
  const sessionIsOurs = leader === null || leader.startTime === wrapper.startTime;
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const ours = await Promise.all(
    pids.map((pid) => belongs(pid, belonging, sessionIsOurs).catch(() => false)),
  );
  return pids.filter((pid, index) => ours[index] === true && pid !== process.pid);
};

const belongs = async (
  pid: number,
  { mark, wrapper, withWrapper }: Belonging,
  sessionIsOurs: boolean,
): Promise<boolean> => {
  const stat = await statOf(pid);
  if (stat === null || stat.dead) return false;
  if (Number(stat.startTime) < Number(wrapper.startTime)) return false;
  if (sessionIsOurs && stat.session === wrapper.pid) {
    return withWrapper || stat.group !== wrapper.pid;
  }
  return isMarked(pid, mark);
};

/** Whether it was started with this variable in its environment. */
export const isMarked = async (pid: number, mark: string): Promise<boolean> => {
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  return `\0${environment}`.includes(`\0${Buffer.from(mark).toString('latin1')}\0`);
};

export interface SeenProcess {
  readonly pid: number;
  readonly session: number;
  /** The value of a variable that the process was started with. */
  environment(name: string): string | null;
}

/** All living processes but this one; none where the system has no /proc. */
export const processesWhere = async (
  matches: (seen: SeenProcess) => boolean,
): Promise<readonly number[]> => {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => matchesOne(pid, matches)));
  return pids.filter((pid, index) => found[index] === true && pid !== process.pid);
};

const matchesOne = async (
  pid: number,
  matches: (seen: SeenProcess) => boolean,
): Promise<boolean> => {
  const stat = await statOf(pid);
  if (stat === null || stat.dead) return false;
  const variables = await environmentOf(pid);
  return matches({
    pid,
    session: stat.session,
    environment: (name) => {
      const entry = variables.find((variable) => variable.startsWith(`${name}=`));
      return entry === undefined ? null : entry.slice(name.length + 1);
    },
  });
};

const environmentOf = async (pid: number): Promise<readonly string[]> =>
  (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')).split('\0');

interface Stat {
  readonly dead: boolean;
  readonly group: number;
  readonly session: number;
  readonly startTime: string;
}

const statOf = async (pid: number): Promise<Stat | null> => {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null);
  if (text === null) return null;
  // The name of the program stands in brackets and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = 'X', , group, session] = fields;
  return {
    dead: state === 'Z' || state === 'X',
    group: Number(group),
    session: Number(session),
    startTime: fields[19] ?? '',
  };
};
