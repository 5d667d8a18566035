/** How long a cancel takes until the job is CANCELLED, and whether its slots are free then. */
import { ApiClient } from '../support/api-client.ts';
import { ServerProcess } from '../support/server-process.ts';
import { milliseconds, pause, quantile, say, timed } from './figures.ts';

const wide = Array.from({ length: 6000 }, (_, n) => `id + ${n} AS c${n}`).join(', ');
const CASES: Readonly<Record<string, string>> = {
  'running: SELECT count(*) FROM range(1e13)': 'SELECT count(*) FROM range(10000000000000)',
  'being planned: 6,000 columns': `SELECT ${wide} FROM range(10)`,
  'collecting: SELECT * FROM range(1e12)': 'SELECT * FROM range(1000000000000)',
};
const ROUNDS = 5;

const server = await ServerProcess.start();
try {
  const api = new ApiClient(server.url);
  for (let n = 0; n < 20; n++) await api.sql(`SELECT count(*) FROM range(${1000 + n})`);
  for (const [name, code] of Object.entries(CASES)) {
    const times: number[] = [];
    const after: number[] = [];
    const states = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const { body } = await api.sql(code, { wait: '0s' });
      await api.reached(body.jobId, 'RUNNING');
      await pause(100 * round);
      times.push(
        await timed(async () => {
          await api.cancel(body.jobId);
          states.add((await api.ended(body.jobId)).state);
        }),
      );
      // Two tasks on two slots: it would wait for a task that was left behind.
      after.push(await timed(() => api.sql('SELECT count(*) FROM range(0, 1000, 1, 2)')));
    }
    say(
      `${name}: ${[...states].join(', ')} after p50 ${milliseconds(quantile(times, 0.5))}, max ${milliseconds(
        Math.max(...times),
      )}; the next query on all slots took max ${milliseconds(Math.max(...after))}`,
    );
  }
} finally {
  await server.stop();
}
