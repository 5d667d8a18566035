/**
 * What the small calls cost while the server is busy: 8 clients in a loop of statements and 200
 * heavy statements in the queue. Prints the 99th percentile of health, submit and job GET.
 */
import { ApiClient } from '../support/api-client.ts';
import { ServerProcess } from '../support/server-process.ts';
import { milliseconds, pause, quantile, say, timed } from './figures.ts';

const SAMPLES = 300;
/** About 5 s each on one core; there are two, so most of them wait. */
const HEAVY = 'SELECT sum(hash(id)) FROM range(600000000)';

const server = await ServerProcess.start();
try {
  const api = new ApiClient(server.url);
  for (let n = 0; n < 50; n++) await api.sql(`SELECT ${n} AS n`);

  const heavy: string[] = [];
  for (let n = 0; n < 200; n++) {
    heavy.push((await api.sql(HEAVY, { wait: '0s', pool: 'low-priority' })).body.jobId);
  }
  let looping = true;
  let answered = 0;
  const loops = Array.from({ length: 8 }, async (_, client) => {
    for (let n = 0; looping; n++) {
      await api.sql(`SELECT ${client * 100_000 + n} AS n`, { pool: 'high-priority' });
      answered++;
    }
  });
  const known = heavy[0] ?? '';
  const samples: Record<string, number[]> = {
    '/actuator/health': [],
    'submit, wait 0s': [],
    'job GET': [],
  };
  for (let n = 0; n < SAMPLES; n++) {
    samples['/actuator/health']?.push(await timed(() => api.get('/actuator/health')));
    samples['submit, wait 0s']?.push(
      await timed(() => api.sql(`SELECT ${n} AS m`, { wait: '0s' })),
    );
    samples['job GET']?.push(await timed(() => api.job(known)));
    await pause(20);
  }
  looping = false;
  for (const [name, values] of Object.entries(samples)) {
    say(
      `${name}: p50 ${milliseconds(quantile(values, 0.5))}, p99 ${milliseconds(quantile(values, 0.99))}`,
    );
  }
  say(`meanwhile ${answered} statements were answered to the 8 clients`);
  await Promise.all(heavy.map((id) => api.cancel(id)));
  await Promise.all(loops);
} finally {
  await server.stop();
}
