/**
 * What a Python statement costs over HTTP: beside the same query as SQL, in a fresh interpreter
 * when there is time, in a fresh one ten times a second, and in a context.
 * `npm run bench:python -- 10` keeps each part to ten seconds.
 */
import { ApiClient } from '../support/api-client.ts';
import { ServerProcess } from '../support/server-process.ts';
import { milliseconds, pause, quantile, say, timed } from './figures.ts';

const SECONDS = Number(process.argv[2] ?? 60);
const EVERY_MS = 100;
const IDLE_MS = 250;
const SUBMITS = 5;
const COUNT = { sql: 'SELECT count(*) FROM range(100)', python: 'print(spark.range(100).count())' };

const server = await ServerProcess.start();
const api = new ApiClient(server.url);

const statement = async (body: Record<string, unknown>): Promise<void> => {
  const answer = await api.statement(body);
  if (answer.body.state !== 'SUCCESS') throw new Error(JSON.stringify(answer.body));
};

/** One after another with a rest between them, until the time is over. */
const series = async (...bodies: Record<string, unknown>[]): Promise<number[][]> => {
  const times = bodies.map(() => [] as number[]);
  const end = performance.now() + SECONDS * 1000;
  while (performance.now() < end) {
    for (const [index, body] of bodies.entries()) {
      times[index]?.push(await timed(() => statement(body)));
      await pause(IDLE_MS);
    }
  }
  return times;
};

/** Started by the clock, whether the ones before have ended or not. */
const steady = async (body: Record<string, unknown>): Promise<number[]> => {
  const runs: Promise<number>[] = [];
  const begin = performance.now();
  for (let n = 0; n < (SECONDS * 1000) / EVERY_MS; n++) {
    await pause(Math.max(0, begin + n * EVERY_MS - performance.now()));
    runs.push(timed(() => statement(body)));
  }
  return Promise.all(runs);
};

/** The same code as a program of its own: a setting that no running driver can take sends it there. */
const submitted = async (body: Record<string, unknown>): Promise<number[]> => {
  const times: number[] = [];
  for (let n = 0; n < SUBMITS; n++) {
    const startedAt = performance.now();
    const answer = await api.statement({ ...body, sparkConfig: { 'spark.executor.cores': '1' } });
    if (answer.status !== 200 || answer.body.executor !== 'spark-submit') return [];
    if (answer.body.state !== 'SUCCESS') throw new Error(JSON.stringify(answer.body));
    times.push(performance.now() - startedAt);
  }
  return times;
};

const told = (times: readonly number[]): string =>
  `p50 ${milliseconds(quantile(times, 0.5))}, p99 ${milliseconds(quantile(times, 0.99))} (${times.length} statements)`;

try {
  const sqlCount = { kind: 'sql', code: COUNT.sql };
  const pythonCount = { kind: 'python', code: COUNT.python };
  const print = { kind: 'python', code: 'print(1)' };
  for (let n = 0; n < 40; n++) {
    for (const body of [sqlCount, pythonCount, print]) await statement(body);
  }

  const [sql = [], python = []] = await series(sqlCount, pythonCount);
  const more = quantile(python, 0.5) - quantile(sql, 0.5);
  say(`${COUNT.sql}, sql: ${told(sql)}`);
  say(`${COUNT.python}, python: ${told(python)}; ${milliseconds(more)} more than sql at p50`);
  const [fresh = []] = await series(print);
  say(`print(1), a fresh interpreter, idle machine: ${told(fresh)}`);
  say(`print(1), a fresh interpreter, ten a second for ${SECONDS} s: ${told(await steady(print))}`);

  await statement({ ...print, context: 'bench' });
  const [context = []] = await series({ ...print, context: 'bench' });
  say(`print(1), in a context: ${told(context)}`);

  const program = await submitted(pythonCount);
  const ratio = quantile(program, 0.5) / quantile(python, 0.5);
  say(
    program.length === 0
      ? 'the same by spark-submit: this server has no such executor'
      : `the same by spark-submit: ${told(program)}; ${ratio.toFixed(0)} times as long`,
  );
} finally {
  await server.stop();
}
