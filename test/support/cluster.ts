import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sparkHome } from './spark-home.ts';

/** What the master tells at /json/, as far as tests look at it. */
export interface ClusterState {
  readonly status: string;
  readonly cores: number;
  readonly coresused: number;
  readonly workers: readonly {
    readonly id: string;
    readonly port: number;
    readonly state: string;
    readonly coresused: number;
    readonly coresfree: number;
  }[];
  readonly activeapps: readonly ClusterApp[];
  readonly completedapps: readonly ClusterApp[];
  readonly activedrivers: readonly ClusterDriver[];
  readonly completeddrivers: readonly ClusterDriver[];
}

export interface ClusterApp {
  readonly id: string;
  readonly name: string;
  readonly cores: number;
  readonly state: string;
}

export interface ClusterDriver {
  readonly id: string;
  readonly state: string;
  readonly mainclass: string;
}

/** Two executors of the default size fit on a worker: one of the server, one of a program. */
const WORKER_CORES = 3;
const WORKER_MEMORY = '2g';

/**
 * A real standalone master and its workers on loopback. Whatever it starts, executors and drivers
 * included, works below one temporary folder; that is how they are found and ended.
 */
export class Cluster {
  readonly secret = randomBytes(24).toString('hex');
  readonly folder = mkdtempSync(join(tmpdir(), 'libra-cluster-'));
  readonly #daemons: ChildProcess[] = [];
  readonly #workers = new Map<number, ChildProcess>();
  #started = 0;
  /** Such as spark://127.0.0.1:41234 */
  url = '';
  /** Of the master's REST server, where programs are submitted in cluster mode. */
  restPort = '';
  uiUrl = '';

  static async start(workers = 2): Promise<Cluster> {
    const cluster = new Cluster();
    try {
      await cluster.#startMaster();
      await Promise.all(Array.from({ length: workers }, () => cluster.addWorker()));
      return cluster;
    } catch (cause) {
      await cluster.stop();
      throw cause;
    }
  }

  async state(): Promise<ClusterState> {
    const response = await fetch(`${this.uiUrl}/json/`);
    return (await response.json()) as ClusterState;
  }

  /** Asks the master until the state is as wanted. */
  async until(wanted: (state: ClusterState) => boolean): Promise<ClusterState> {
    for (;;) {
      const state = await this.state();
      if (wanted(state)) return state;
      await sleep(50);
    }
  }

  async addWorker(): Promise<void> {
    const { child, log } = this.#daemon(
      'org.apache.spark.deploy.worker.Worker',
      [
        ...['--host', '127.0.0.1', '--port', '0', '--webui-port', '0'],
        ...['--cores', String(WORKER_CORES), '--memory', WORKER_MEMORY],
        this.url,
      ],
      // A worker takes the secret out of the arguments of drivers and hands it on in the
      // environment, where Spark's drivers, other than executors, do not look for it.
      { JDK_JAVA_OPTIONS: `@${this.#secretFile()}` },
    );
    const port = Number(await found(child, log, /service 'sparkWorker' on port (\d+)/));
    this.#workers.set(port, child);
    await this.until((state) => state.workers.some((w) => w.port === port && w.state === 'ALIVE'));
  }

  /** Ends a worker and what runs on it as a machine does that loses its power. */
  async killWorker(port: number): Promise<void> {
    const worker = this.#workers.get(port);
    if (worker?.pid === undefined) throw new Error(`no worker has port ${port}`);
    const executors = childrenOf(worker.pid);
    const gone = exit(worker);
    worker.kill('SIGKILL');
    for (const pid of executors) process.kill(pid, 'SIGKILL');
    await gone;
    this.#workers.delete(port);
  }

  /** What the button of the master's page does. */
  async killApp(id: string): Promise<void> {
    await fetch(`${this.uiUrl}/app/kill/`, {
      method: 'POST',
      body: new URLSearchParams({ id, terminate: 'true' }),
    });
  }

  /** What drivers on the cluster have logged, to say why one failed. */
  driverLogs(): string {
    return readdirSync(this.folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\/work\/driver-[^/]+\/stderr$/.test(file))
      .map((file) => `${file}:\n${readFileSync(join(this.folder, file), 'utf8')}`)
      .join('\n');
  }

  /** Processes that belong to this cluster. */
  processes(): readonly number[] {
    return pids().filter((pid) => folderOf(pid).startsWith(this.folder));
  }

  async stop(): Promise<void> {
    for (const daemon of this.#daemons) {
      const gone = exit(daemon);
      daemon.kill('SIGKILL');
      await gone;
    }
    // Executors and drivers notice that their worker is gone, but later than we want to wait.
    while (this.processes().length > 0) {
      for (const pid of this.processes()) kill(pid);
      await sleep(20);
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #startMaster(): Promise<void> {
    mkdirSync(join(this.folder, 'conf'));
    // Not 0: in the address that drivers on the cluster are given the master replaces the port that
    // is configured here by its own.
    this.restPort = String(await freePort());
    writeFileSync(
      join(this.folder, 'conf/spark-defaults.conf'),
      `spark.authenticate true\nspark.master.rest.enabled true\nspark.master.rest.port ${this.restPort}\n`,
    );
    const { child, log } = this.#daemon('org.apache.spark.deploy.master.Master', [
      ...['--host', '127.0.0.1', '--port', '0', '--webui-port', '0'],
    ]);
    this.url = await found(child, log, /Starting Spark master at (spark:\S+)/);
    this.uiUrl = `http://127.0.0.1:${await found(child, log, /service 'MasterUI' on port (\d+)/)}`;
    await found(
      child,
      log,
      new RegExp(`submitting applications on \\S+ with port (${this.restPort})`),
    );
    await this.until((state) => state.status === 'ALIVE');
  }

  /** Arguments of a JVM that the process list does not show. */
  #secretFile(): string {
    const file = join(this.folder, 'secret.args');
    writeFileSync(file, `-Dspark.authenticate.secret=${this.secret}\n`, { mode: 0o600 });
    return file;
  }

  #daemon(
    main: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): { child: ChildProcess; log: string } {
    this.#started += 1;
    const folder = join(this.folder, `daemon-${this.#started}`);
    mkdirSync(folder);
    const log = join(folder, 'log');
    const output = openSync(log, 'a');
    const child = spawn(join(sparkHome(), 'bin/spark-class'), [main, ...args], {
      cwd: folder,
      stdio: ['ignore', output, output],
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        JAVA_HOME: process.env.JAVA_HOME,
        SPARK_HOME: sparkHome(),
        SPARK_CONF_DIR: join(this.folder, 'conf'),
        SPARK_LOCAL_IP: '127.0.0.1',
        SPARK_LOCAL_DIRS: join(folder, 'local'),
        SPARK_WORKER_DIR: join(folder, 'work'),
        SPARK_DAEMON_MEMORY: '256m',
        SPARK_DAEMON_JAVA_OPTS: `-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.io.tmpdir=${folder}`,
        // Not as a setting: a master with spark.authenticate.secret refuses its REST server (Spark
        // 4.0). Nor in the arguments, which every user of the machine can read.
        _SPARK_AUTH_SECRET: this.secret,
        ...env,
      },
    });
    closeSync(output);
    this.#daemons.push(child);
    return { child, log };
  }
}

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
};

/** What stands at the first group of the pattern, once the log holds it. */
const found = async (child: ChildProcess, log: string, pattern: RegExp): Promise<string> => {
  for (;;) {
    const ended = child.exitCode !== null || child.signalCode !== null;
    const text = readFileSync(log, 'utf8');
    const group = pattern.exec(text)?.[1];
    if (group !== undefined) return group;
    if (ended) throw new Error(`a daemon of Spark ended:\n${text}`);
    await sleep(20);
  }
};

const exit = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
};

const pids = (): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

const folderOf = (pid: number): string => {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
};

const childrenOf = (parent: number): readonly number[] =>
  pids().filter((pid) => {
    try {
      return (
        readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === `${parent}`
      );
    } catch {
      return false;
    }
  });

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
};
