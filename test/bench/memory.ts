/** The memory of the server while a result of 20 million rows is made and read, against idle. */
import { ApiClient } from '../support/api-client.ts';
import { ServerProcess } from '../support/server-process.ts';
import { mebibytes, pause, say } from './figures.ts';

const ROWS = 20_000_000;
const CODE = `SELECT id, id * 7 AS seven, concat('row number ', id) AS name FROM range(${ROWS})`;

const server = await ServerProcess.start();
try {
  const api = new ApiClient(server.url);
  for (let n = 0; n < 50; n++) await api.sql(`SELECT id, concat('x', id) FROM range(${1000 + n})`);
  await pause(3000);
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, server.memory().rss);
  }, 50);
  const idle = server.memory().rss;
  const { body } = await api.sql(CODE, { wait: '10m', rowLimit: 10 });
  const made = peak;
  say(`${body.state}: ${body.rowCount} rows stored in ${body.executionTimeMs} ms`);
  say(
    `idle ${mebibytes(idle)}, peak while made ${mebibytes(made)} (${(made / idle).toFixed(2)} of idle)`,
  );
  for (const type of ['application/vnd.apache.arrow.stream', 'application/x-ndjson']) {
    peak = 0;
    const startedAt = performance.now();
    const response = await fetch(`${server.url}/api/v1/jobs/${body.jobId}/result`, {
      headers: { accept: type },
    });
    let bytes = 0;
    for await (const part of response.body ?? []) bytes += part.length;
    say(
      `read whole as ${type}: ${mebibytes(bytes)} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s, peak ${mebibytes(peak)}`,
    );
  }
  clearInterval(watch);
} finally {
  await server.stop();
}
