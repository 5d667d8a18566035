import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ports } from '../../processes/port-slots.ts';
import { propertiesText } from '../../processes/properties-text.ts';
import { sparkEnvironment } from '../../processes/spark-environment.ts';
import { commandAs } from '../../processes/user-processes.ts';
import { type Deferred, deferred } from '../../util/deferred.ts';
import { NICENESS } from '../../util/niceness.ts';
import type { HostTransport } from '../host-client.ts';
import { logLevels } from '../log-levels.ts';
import { childMapping, hostJar } from './child-class-data.ts';
import type { ChildFolder } from './child-folder.ts';
import { DriverProcess, type Exit } from './child-process.ts';
import { submitSettings } from './child-settings.ts';
import { ChildSocket } from './child-transport.ts';
import { deathCause, lastLines, logEnd } from './death-cause.ts';
import type { ChildOptions } from './options.ts';

const MAIN_CLASS = 'com.whereq.libra.driver.child.ChildMain';
const PROPERTIES = 'driver.conf';
const LOG = 'driver.log';
const KIB = 1024;
const STOPPED = 'was stopped';
/** A child ends by itself, hard after five seconds, when the connection has ended. */
const AFTER_CONNECTION_MS = 7000;
/** The path of a Unix socket has a hundred characters or so. */
const LONGEST_PATH = 100;

export interface ChildLifeInput {
  readonly options: ChildOptions;
  readonly ports: Ports;
  /** The complete configuration of its Spark. */
  readonly settings: Readonly<Record<string, string>>;
  /** Made already; removed when nothing of the process is left. */
  readonly folder: ChildFolder;
}

export interface LifeEnd {
  /** Why the process is gone, for people. */
  readonly cause: string;
  /** The newest part of its log. */
  readonly log: string;
}

/**
 * One process from its start to the moment when nothing of it is left.
 *
 *   opened ──process started, connected──▶ alive ──exit, or killed──▶ over, with the cause
 */
export class ChildLife implements HostTransport {
  readonly #input: ChildLifeInput;
  readonly #over: Deferred<LifeEnd> = deferred();
  #process: DriverProcess | null = null;
  #socket: ChildSocket | null = null;
  #socketFolder: string | null = null;
  #killedFor: string | null = null;

  constructor(input: ChildLifeInput) {
    this.#input = input;
  }

  /** Resolves once the process is gone and all that belonged to it. */
  get over(): Promise<LifeEnd> {
    return this.#over.promise;
  }

  get heardAt(): number {
    return this.#socket?.heardAt ?? 0;
  }

  get blockedSince(): number | null {
    return this.#socket?.blockedSince ?? null;
  }

  async open(onEvents: (json: string) => void, onClosed: (cause: string) => void): Promise<void> {
    try {
      await this.#launch(onEvents);
    } catch (error) {
      await this.#clear();
      this.#over.resolve({ cause: String(error), log: '' });
      throw error;
    }
    const died = this.over.then(({ cause }) => {
      throw new Error(cause);
    });
    await Promise.race([this.#socket?.connected, died]);
    // spark-submit has read it: secrets need not lie there as long as the driver lives.
    await rm(join(this.#input.folder.path, PROPERTIES), { force: true });
    void this.over.then(({ cause }) => onClosed(cause));
  }

  send(json: string): void {
    this.#socket?.send(json);
  }

  /** The first cause wins. */
  kill(fault: string): void {
    this.#killedFor ??= fault;
    void this.#process?.killAll();
  }

  /** Politely with what `ask` does, then less so; resolves when nothing is left. */
  async stop(ask: () => Promise<void>): Promise<void> {
    const { stop, clock } = this.#input.options;
    const process = this.#process;
    this.#killedFor ??= STOPPED;
    const asked = ask().then(() => this.#socket?.close());
    const timer = clock.after(stop.askMs, () => process?.terminate());
    void asked.catch(() => {});
    if (process !== null && !(await process.endsWithin(stop.askMs + stop.terminateMs))) {
      await process.killAll();
    }
    timer.cancel();
    await this.over;
  }

  async #launch(onEvents: (json: string) => void): Promise<void> {
    const { options, settings, folder } = this.#input;
    const properties = join(folder.path, PROPERTIES);
    await writeFile(
      properties,
      propertiesText(submitSettings(settings, hostJar(options.projectRoot))),
      { mode: 0o600 },
    );
    await folder.showToChild(properties);
    const path = await this.#socketPath();
    const token = randomBytes(32).toString('hex');
    this.#socket = await ChildSocket.listen({
      path,
      token,
      clock: options.clock,
      onLine: onEvents,
      onClosed: (fault) => this.#disconnected(fault),
    });
    await folder.giveToChild(path);
    this.#process = await DriverProcess.start(
      {
        command: [
          join(options.projectRoot, 'bin', 'lib', 'run-driver.sh'),
          ...[folder.path, join(folder.own, 'work')],
          String(Math.max(1, Math.floor(options.maxLogBytes / KIB / 2))),
          // Behind the event loop, as the threads of an embedded driver are.
          ...['nice', '-n', String(NICENESS)],
          ...(folder.uid === null ? [] : commandAs(folder.uid)),
          join(options.sparkHome, 'bin', 'spark-submit'),
          ...['--properties-file', properties],
          ...['--class', MAIN_CLASS, 'spark-internal'],
        ],
        environment: sparkEnvironment(options, {
          master: settings['spark.master'],
          home: join(folder.own, 'home'),
          tmp: join(folder.own, 'tmp'),
          javaOptions: [
            '-XX:+ExitOnOutOfMemoryError',
            ...childMapping(options.archive),
            ...(folder.uid === null ? [] : [`-Duser.home=${join(folder.own, 'home')}`]),
            ...logLevels(options.logLevel),
          ],
        }),
        input: `${JSON.stringify({ socket: path, token, folder: folder.own })}\n`,
        folder: folder.path,
      },
      options.clock,
    );
    void this.#process.exited.then((exit) => this.#end(exit));
    if (this.#killedFor !== null) void this.#process.killAll();
  }

  async #socketPath(): Promise<string> {
    const { folder } = this.#input;
    const path = join(folder.path, 'socket');
    if (Buffer.byteLength(path) <= LONGEST_PATH) return path;
    this.#socketFolder = await mkdtemp('/tmp/libra-driver-');
    if (folder.uid !== null) await chmod(this.#socketFolder, 0o711);
    return join(this.#socketFolder, 'socket');
  }

  #disconnected(fault: string | null): void {
    const process = this.#process;
    if (process === null) return;
    if (fault !== null) {
      this.kill(fault);
      return;
    }
    void process.endsWithin(AFTER_CONNECTION_MS).then((ended) => {
      if (!ended) this.kill('broke its connection');
    });
  }

  async #end(exit: Exit): Promise<void> {
    const { options, folder } = this.#input;
    await this.#process?.killAll();
    const log = await logEnd(join(folder.path, LOG));
    const cause = deathCause({ exit, killedFor: this.#killedFor, log });
    const stopped = this.#killedFor === STOPPED;
    options.log[stopped ? 'debug' : 'warn'](
      { pid: this.#process?.pid, ...exit, lines: lastLines(log, 20) },
      'a driver process has ended',
    );
    await this.#clear();
    this.#over.resolve({ cause, log });
  }

  async #clear(): Promise<void> {
    this.#socket?.close();
    await this.#input.folder.clear();
    if (this.#socketFolder !== null) await remove(this.#socketFolder);
  }
}

const remove = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true, maxRetries: 5 }).catch(() => {});
