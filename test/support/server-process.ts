import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { commandOf, descendants } from './process-tree.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [key: string]: unknown;
}

export interface ServerOptions {
  /** Kept between starts when given, removed by the caller. */
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where it is started; its data directory when not given. */
  readonly cwd?: string;
  /** What starts it, where that is not bin/libra of the repository. */
  readonly command?: readonly string[];
  /** Answer as soon as HTTP listens, without waiting for the driver. */
  readonly untilListening?: boolean;
}

/** A real server in a process of its own, as `npm start` runs it once everything is set up. */
export class ServerProcess {
  readonly dataDir: string;
  readonly #child: ChildProcess;
  readonly #ownsDataDir: boolean;
  readonly #lines: LogLine[] = [];
  readonly #raw: string[] = [];
  readonly #formers = new Set<unknown>();
  readonly exited: Promise<{ code: number | null; signal: string | null }>;
  url = '';

  private constructor(options: ServerOptions) {
    this.#ownsDataDir = options.dataDir === undefined;
    this.dataDir = options.dataDir ?? mkdtempSync(path.join(tmpdir(), 'libra-server-'));
    const inherited = Object.fromEntries(
      Object.entries(process.env).filter(
        ([key]) =>
          !/^(LIBRA|SERVER|SPARK|SPRING|VITEST|NODE_OPTIONS)/.test(key) || key === 'SPARK_HOME',
      ),
    );
    const [program = '', ...args] = options.command ?? [path.join(ROOT, 'bin/libra'), 'serve'];
    this.#child = spawn(program, args, {
      cwd: options.cwd ?? this.dataDir,
      env: {
        ...inherited,
        LIBRA_SETUP: 'skip',
        LIBRA_DATA_DIR: path.join(this.dataDir, 'data'),
        LIBRA_LOGGING_FORMAT: 'json',
        SERVER_PORT: '0',
        SPARK_MASTER: 'local[2]',
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.exited = once(this.#child, 'exit').then(([code, signal]) => ({ code, signal }));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null)
        createInterface({ input: stream }).on('line', (line) => this.#take(line));
    }
  }

  static async start(options: ServerOptions = {}): Promise<ServerProcess> {
    const server = new ServerProcess(options);
    await server.#listening();
    if (options.untilListening !== true) await server.ready();
    return server;
  }

  /** Of what stands in front of the server and starts it again. */
  get supervisor(): number {
    if (this.#child.pid === undefined) throw new Error('the server has no process');
    return this.#child.pid;
  }

  /** Of the server itself; another one after each restart. */
  get pid(): number {
    const pid = this.#serverPid();
    if (pid === null) throw new Error('the server has no process');
    return pid;
  }

  #serverPid(): number | null {
    const { pid } = this.#child;
    if (pid === undefined) return null;
    return descendants(pid).find((each) => commandOf(each).endsWith('dist/main.js')) ?? null;
  }

  get logLines(): readonly LogLine[] {
    return this.#lines;
  }

  /** Everything that it printed, for what must never be printed. */
  get output(): string {
    return this.#raw.join('\n');
  }

  async waitForLog(matches: (line: LogLine) => boolean, what: string): Promise<LogLine> {
    for (;;) {
      const found = this.#lines.find(matches);
      if (found !== undefined) return found;
      const ended = await Promise.race([this.exited.then(() => true), pause(20).then(() => false)]);
      if (ended && !this.#lines.some(matches)) {
        throw new Error(`the server ended before ${what}:\n${this.output}`);
      }
    }
  }

  async #listening(): Promise<void> {
    const line = await this.waitForLog((entry) => entry.msg === 'listening', 'it listened');
    this.url = String(line.url);
  }

  /** Resolves when another process than the former one listens; `url` is its own then. */
  async restarted(former: number): Promise<void> {
    this.#formers.add(former);
    const line = await this.waitForLog(
      (entry) => entry.msg === 'listening' && !this.#formers.has(entry.pid),
      'it was started again',
    );
    this.url = String(line.url);
  }

  async ready(): Promise<void> {
    for (;;) {
      const response = await fetch(`${this.url}/actuator/health/readiness`).catch(() => null);
      if (response?.status === 200) return;
      const ended = await Promise.race([this.exited.then(() => true), pause(50).then(() => false)]);
      if (ended) throw new Error(`the server ended before it was ready:\n${this.output}`);
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** The resident memory of the server in bytes, and its highest so far. */
  memory(): { readonly rss: number; readonly peak: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const bytes = (field: string) =>
      Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
    return { rss: bytes('VmRSS'), peak: bytes('VmHWM') };
  }

  /** Like a machine that goes down: nobody is left to start it again or to clear away. */
  async kill(): Promise<void> {
    const server = this.#serverPid();
    this.#child.kill('SIGKILL');
    await this.exited;
    if (server === null) return;
    killNow(server);
    while (commandOf(server) !== '') await pause(5);
  }

  /** Ends it politely and removes its data unless the caller brought the folder. */
  async stop(): Promise<{ code: number | null; signal: string | null }> {
    this.#child.kill('SIGTERM');
    const end = await this.exited;
    if (this.#ownsDataDir) rmSync(this.dataDir, { recursive: true, force: true });
    return end;
  }

  #take(line: string): void {
    this.#raw.push(line);
    try {
      const parsed: unknown = JSON.parse(line);
      if (typeof parsed === 'object' && parsed !== null && 'msg' in parsed) {
        this.#lines.push(parsed as LogLine);
      }
    } catch {
      // Not every line of a JVM is JSON.
    }
  }
}

const killNow = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
