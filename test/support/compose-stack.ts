import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
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
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Compose, readCompose } from './compose-file.ts';
import { javaHome } from './image-walk.ts';
import { sparkHome } from './spark-home.ts';

/**
 * The services of a compose file as processes: with the commands and the variables of the file, and
 * with its ports. Each has an address of its own on loopback, and its name leads there by a file of
 * hosts that every JVM reads instead of asking the system (jdk.net.hosts.file): that needs no rights,
 * no network namespace and no change of this machine, and a name that is not in the file leads
 * nowhere. The addresses are picked anew each time, so that the fixed ports are free.
 */
export class ComposeStack {
  readonly #compose: Compose;
  readonly #folder = mkdtempSync(join(tmpdir(), 'libra-compose-'));
  readonly #addresses = new Map<string, string>();
  readonly #running = new Map<string, ChildProcess>();

  private constructor(compose: Compose) {
    this.#compose = compose;
    const network = `127.${64 + Math.floor(Math.random() * 64)}.${Math.floor(Math.random() * 256)}`;
    for (const [number, name] of Object.keys(compose.services).entries()) {
      this.#addresses.set(name, `${network}.${number + 2}`);
    }
    const lines = [...this.#addresses].map(([name, address]) => `${address} ${name}`);
    writeFileSync(this.#hosts, [...lines, `127.0.0.1 localhost ${hostname()}`, ''].join('\n'));
    // The entrypoint asks the system whether a name leads somewhere.
    mkdirSync(join(this.#folder, 'bin'));
    const getent = join(this.#folder, 'bin/getent');
    writeFileSync(getent, `#!/bin/sh\n[ "$1" = hosts ] && grep -q " $2$" ${this.#hosts}\n`);
    chmodSync(getent, 0o755);
  }

  /** Starts the services in the order of the file, each when those that it depends on are healthy. */
  static async start(file: string, env: Readonly<Record<string, string>>): Promise<ComposeStack> {
    const stack = new ComposeStack(readCompose(file, env));
    try {
      const { services } = stack.#compose;
      for (const [name, { depends_on: before = {} }] of Object.entries(services)) {
        for (const other of Object.keys(before)) await stack.healthy(other);
        stack.#start(name);
      }
      for (const name of Object.keys(services)) await stack.healthy(name);
      return stack;
    } catch (cause) {
      await stack.stop();
      throw cause;
    }
  }

  get #hosts(): string {
    return join(this.#folder, 'hosts');
  }

  addressOf(name: string): string {
    const address = this.#addresses.get(name);
    if (address === undefined) throw new Error(`there is no service ${name}`);
    return address;
  }

  logOf(name: string): string {
    return readFileSync(join(this.#folder, name, 'log'), 'utf8');
  }

  /** The service's own health check, at its own address. */
  async healthy(name: string): Promise<void> {
    const [kind, ...test] = this.#compose.services[name]?.healthcheck.test ?? [];
    if (kind !== 'CMD') throw new Error(`the health check of ${name} is no command`);
    const command = test.map((word) => word.replace('127.0.0.1', this.addressOf(name)));
    for (;;) {
      const [program = '', ...args] = command;
      const check = spawn(program, args, { stdio: 'ignore' });
      const [code] = await once(check, 'exit');
      if (code === 0) return;
      const child = this.#running.get(name);
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`${name} ended:\n${this.logOf(name)}`);
      }
      await sleep(200);
    }
  }

  /** One more worker, with another secret: what it logs until it has been turned away. */
  async intruder(): Promise<string> {
    const name = 'intruder';
    const address = this.addressOf('spark-worker-1').replace(/\d+$/, '250');
    const own = { SPARK_AUTHENTICATE_SECRET: 'guessed', SPARK_WORKER_HOST: address };
    const child = this.#launch(name, 'spark-worker-1', address, own);
    while (!/Failed to connect to master/.test(this.logOf(name)) && child.exitCode === null) {
      await sleep(100);
    }
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    return this.logOf(name);
  }

  #start(name: string): void {
    this.#running.set(name, this.#launch(name, name, this.addressOf(name), {}));
  }

  #launch(
    name: string,
    like: string,
    address: string,
    own: Readonly<Record<string, string>>,
  ): ChildProcess {
    const service = this.#compose.services[like];
    if (service === undefined) throw new Error(`there is no service ${like}`);
    const folder = join(this.#folder, name);
    mkdirSync(folder);
    const given = Object.entries(service.environment).map(([key, value]) => [key, String(value)]);
    const log = openSync(join(folder, 'log'), 'a');
    const child = spawn(
      resolve('docker/entrypoint.sh'),
      // Without a command the image says: CMD of the Dockerfile.
      [...(service.command ?? ['libra', 'serve'])],
      {
        cwd: folder,
        stdio: ['ignore', log, log],
        env: {
          ...this.#image(folder),
          SPARK_LOCAL_IP: address,
          ...Object.fromEntries(given),
          ...this.#place(address, folder, service.environment.LIBRA_PROFILES),
          ...own,
        },
      },
    );
    closeSync(log);
    return child;
  }

  /** The ENV of the images, with the places of this machine. */
  #image(folder: string): Readonly<Record<string, string | undefined>> {
    return {
      PATH: [join(this.#folder, 'bin'), resolve('bin'), process.env.PATH].join(':'),
      HOME: folder,
      JAVA_HOME: javaHome(),
      SPARK_HOME: sparkHome(),
      PYSPARK_PYTHON: resolve('.spark/venv/bin/python'),
      LIBRA_SETUP: 'skip',
      LIBRA_DATA_DIR: join(folder, 'data'),
      LIBRA_LOGGING_FORMAT: 'json',
    };
  }

  /** What is a container's own there: its address, and folders that go with it. */
  #place(address: string, folder: string, profile: unknown): Readonly<Record<string, string>> {
    const hosts = `-Djdk.net.hosts.file=${this.#hosts}`;
    const small = `-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.io.tmpdir=${folder}`;
    return {
      TMPDIR: folder,
      SPARK_LOCAL_DIRS: join(folder, 'local'),
      SPARK_WORKER_DIR: join(folder, 'work'),
      SPARK_DAEMON_MEMORY: '256m',
      SPARK_DAEMON_JAVA_OPTS: small,
      // Of the daemons and the executors that they start; the server has no launcher that reads it.
      JDK_JAVA_OPTIONS: hosts,
      JAVA_OPTS: `-Xmx1g ${hosts}`,
      SERVER_ADDRESS: address,
      LIBRA_FILES_ALLOWED_ROOTS: this.#folder,
      // Where the profile says 0.0.0.0; that of one machine keeps the driver on 127.0.0.1.
      ...(profile === 'docker'
        ? { SPARK_CONFIG: JSON.stringify({ 'spark.driver.bindAddress': address }) }
        : {}),
    };
  }

  async stop(): Promise<void> {
    const children = [...this.#running.values()].reverse();
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }
    // Executors notice that their worker is gone, but later than we want to wait.
    for (;;) {
      const left = this.#processes();
      if (left.length === 0) break;
      for (const pid of left) kill(pid);
      await sleep(20);
    }
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  #processes(): readonly number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => folderOf(pid).startsWith(this.#folder))
      .map(Number);
  }
}

const folderOf = (pid: string): string => {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
};
