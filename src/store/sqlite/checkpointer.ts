import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

/**
 * Text, because a worker wants JavaScript and the tests run the sources as TypeScript. A failing
 * checkpoint is not reported: the server's own connection meets the same disk at its next write.
 * Several passes, because the log starts over only when a pass has caught up with every writer.
 */
const WORKER = `
const { parentPort, workerData } = require('node:worker_threads');
const Database = require(workerData.module);
const database = new Database(workerData.file, { fileMustExist: true, timeout: 0 });
const timer = setInterval(() => {
  try {
    for (let pass = 0; pass < 4; pass += 1) database.pragma('wal_checkpoint(PASSIVE)');
  } catch {}
}, workerData.everyMs);
parentPort.once('message', () => { clearInterval(timer); database.close(); parentPort.close(); });
`;

/**
 * Moves the log into the database on a thread of its own: a checkpoint calls fsync twice, and on
 * the event loop every request would wait for it. A passive one never holds up a writer.
 */
export class Checkpointer {
  #worker: Worker | null = null;

  start(file: string, everyMs: number): void {
    const module = createRequire(import.meta.url).resolve('better-sqlite3');
    const worker = new Worker(WORKER, {
      eval: true,
      workerData: { module, file, everyMs },
      env: {},
      execArgv: [],
    });
    // Without it the server's own connection still checkpoints when the log gets large.
    worker.on('error', () => {});
    worker.unref();
    this.#worker = worker;
  }

  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    if (worker === null || worker.threadId === -1) return;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.ref();
    worker.postMessage('stop');
    await ended;
  }
}
