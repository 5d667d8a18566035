import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const PACKAGES = path.join(ROOT, '.spark/peers');

interface Task {
  readonly do: 'first' | 'loop' | 'fetch' | 'session';
  readonly template: string;
  readonly parallel?: number;
  readonly ms?: number;
  readonly form?: 'rows' | 'arrow' | 'json';
  /** Seconds. */
  readonly limit?: number;
}

/** A client in Python (`client.py`), in a process of its own. */
export class PythonClient {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;
  readonly #said: string[] = [];

  private constructor(kind: string, place: string) {
    this.#process = spawn(
      path.join(ROOT, '.spark/venv/bin/python'),
      [path.join(import.meta.dirname, 'client.py'), kind, place],
      {
        env: { ...process.env, PYTHONPATH: PACKAGES, PYTHONWARNINGS: 'ignore' },
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    this.#lines = createInterface({ input: this.#process.stdout });
    this.#process.stderr.on('data', (text: Buffer) => this.#said.push(text.toString()));
  }

  /** Resolves when it has loaded what it needs. */
  static async start(kind: 'connect' | 'thrift' | 'libra', place: string): Promise<PythonClient> {
    const client = new PythonClient(kind, place);
    await client.#answer();
    return client;
  }

  async ask<T>(task: Task): Promise<T> {
    this.#process.stdin.write(`${JSON.stringify(task)}\n`);
    const { value, fault } = JSON.parse(await this.#answer()) as { value: T; fault?: string };
    if (fault !== undefined) throw new Error(`${task.do} ${task.template}: ${fault}`);
    return value;
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.stdin.end();
    await ended;
  }

  async #answer(): Promise<string> {
    const line = await Promise.race([
      once(this.#lines, 'line').then(([text]) => String(text)),
      once(this.#process, 'exit').then(() => null),
    ]);
    if (line === null) throw new Error(`the client ended:\n${this.#said.join('').slice(-2000)}`);
    return line;
  }
}
