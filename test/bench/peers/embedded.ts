import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const FOLDER = path.resolve(import.meta.dirname, '..');
const LOAD_TS = { execArgv: ['--import', 'tsx'] };

export interface Loop {
  readonly template: string;
  readonly parallel: number;
  readonly ms: number;
}

/** A whole Libra in a process of its own, a client for it, and a loop inside its JVM. */
export class Embedded {
  readonly url: string;
  readonly #server: ChildProcess;
  readonly #client: ChildProcess;

  private constructor(server: ChildProcess, client: ChildProcess, url: string) {
    this.#server = server;
    this.#client = client;
    this.url = url;
  }

  static async start(): Promise<Embedded> {
    const server = fork(path.join(FOLDER, 'embedded-server.ts'), LOAD_TS);
    const [{ url }] = (await once(server, 'message')) as [{ url: string }];
    return new Embedded(server, fork(path.join(FOLDER, 'http-load.ts'), [url], LOAD_TS), url);
  }

  get pid(): number {
    if (this.#server.pid === undefined) throw new Error('the server has no process');
    return this.#server.pid;
  }

  /** Both answer the milliseconds of each statement. */
  overHttp(loop: Loop): Promise<readonly number[]> {
    return ask(this.#client, loop);
  }

  insideTheJvm(loop: Loop): Promise<readonly number[]> {
    return ask(this.#server, loop);
  }

  async stop(): Promise<void> {
    this.#client.kill('SIGKILL');
    this.#server.send('stop');
    await once(this.#server, 'exit');
  }
}

const ask = async (worker: ChildProcess, loop: Loop): Promise<readonly number[]> => {
  worker.send(loop);
  const [times] = (await once(worker, 'message')) as [readonly number[]];
  return times;
};
