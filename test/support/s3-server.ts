import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './cluster.ts';

/** A server that speaks S3 (moto, of bin/lib/tool-requirements.txt), and what it was asked. */
export class S3Server {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];

  private constructor(port: number) {
    this.url = `http://127.0.0.1:${port}`;
    this.#child = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], {
      stdio: ['ignore', 'ignore', 'pipe'],
      // Otherwise it takes the first part of any name of a host for a bucket.
      env: { ...process.env, S3_IGNORE_SUBDOMAIN_BUCKETNAME: 'true' },
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#lines.push(text));
  }

  static async start(bucket: string): Promise<S3Server> {
    const server = new S3Server(await freePort());
    for (;;) {
      const made = await fetch(`${server.url}/${bucket}`, { method: 'PUT' }).catch(() => null);
      if (made?.status === 200) return server;
      if (server.#child.exitCode !== null) throw new Error(`moto ended:\n${server.requests}`);
      await sleep(100);
    }
  }

  /** Its log: a line a request. */
  get requests(): string {
    return this.#lines.join('');
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}
