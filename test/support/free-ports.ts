import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

const listenOn = async (port: number): Promise<Server | null> => {
  const server = createServer().listen(port, '127.0.0.1');
  const opened = await Promise.race([
    once(server, 'listening').then(() => true),
    once(server, 'error').then(() => false),
  ]);
  return opened ? server : null;
};

/** For each width the first of so many ports side by side that are free. */
export const freePorts = async (widths: readonly number[]): Promise<readonly number[]> => {
  const taken: Server[] = [];
  const firsts: number[] = [];
  try {
    for (const width of widths) {
      for (;;) {
        // Below the range that systems give to clients.
        const first = 20_000 + Math.floor(Math.random() * 10_000);
        const row = await Promise.all(
          Array.from({ length: width }, (_, at) => listenOn(first + at)),
        );
        const open = row.filter((server) => server !== null);
        taken.push(...open);
        if (open.length === width) {
          firsts.push(first);
          break;
        }
      }
    }
    return firsts;
  } finally {
    await Promise.all(taken.map((server) => new Promise((closed) => server.close(closed))));
  }
};
