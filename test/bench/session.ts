/**
 * What a driver of its own costs a session: the first answer from the warm stock and from nothing,
 * each statement beside the embedded driver, and memory. Other numbers:
 * `npm run bench:session -- WARM COLD STATEMENTS`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ApiClient } from '../support/api-client.ts';
import { driverProcesses, memoryOf } from '../support/driver-processes.ts';
import { ServerProcess } from '../support/server-process.ts';
import { judge, mebibytes, milliseconds, pause, quantile, say, timed } from './figures.ts';
import { submittedQuery } from './submitted-query.ts';

const WARM = Number(process.argv[2] ?? 10);
const COLD = Number(process.argv[3] ?? 5);
const STATEMENTS = Number(process.argv[4] ?? 300);
const WARM_UP = Math.min(STATEMENTS, 150);
/** What a start leaves to do has been done. */
const REST_MS = 2000;
const MASTER = 'local[2]';

const ISOLATED = { LIBRA_SESSION_MODE: 'ISOLATED', SPARK_MASTER: MASTER };
let literal = 20;

/** A query whose answer no one has yet, and how many rows it has. */
const nextQuery = () => {
  literal = literal === 90 ? 21 : literal + 1;
  return { literal, code: `SELECT * FROM range(100) WHERE id > ${literal}`, rows: 99 - literal };
};

const answer = async (api: ApiClient, session: string, code: string, rows: number) => {
  const { status, body } = await api.statement({ kind: 'sql', code }, session);
  if (status !== 200 || body.state !== 'SUCCESS' || body.rowCount !== rows) {
    throw new Error(`${session}: ${JSON.stringify(body)}`);
  }
};

const end = async (api: ApiClient, session: string): Promise<void> => {
  await api.call('DELETE', `/api/v1/sessions/${session}`);
  while ((await api.get(`/api/v1/sessions/${session}`)).status !== 404) await pause(50);
};

const stockIsFull = async (api: ApiClient): Promise<boolean> => {
  const { body } = await api.get<string>('/actuator/prometheus');
  return /^libra_driver_processes\{(?=[^}]*"warm")(?=[^}]*"ready")[^}]*\} 1$/m.test(body);
};

/** A driver runs some statements of its own when it is ready; who stands in stock has done so. */
const isWarmedUp = (dataDir: string): boolean =>
  driverProcesses(dataDir)
    .filter(({ isJvm }) => isJvm)
    .some(({ folder }) =>
      readFileSync(path.join(folder, 'driver.log'), 'utf8').includes('The driver is warm'),
    );

const fromStock = async (): Promise<readonly number[]> => {
  const server = await ServerProcess.start({ env: { ...ISOLATED, LIBRA_SESSION_WARM: '1' } });
  const api = new ApiClient(server.url);
  const times: number[] = [];
  try {
    for (let n = 1; n <= WARM; n++) {
      while (!(await stockIsFull(api)) || !isWarmedUp(server.dataDir)) await pause(100);
      await pause(REST_MS);
      const { code, rows } = nextQuery();
      times.push(await timed(() => answer(api, `warm-${n}`, code, rows)));
      await end(api, `warm-${n}`);
    }
  } finally {
    await server.stop();
  }
  return times;
};

const fromNothing = async () => {
  const server = await ServerProcess.start({ env: ISOLATED });
  const api = new ApiClient(server.url);
  const folder = mkdtempSync(path.join(tmpdir(), 'libra-session-bench-'));
  const times = { session: [] as number[], submit: [] as number[] };
  try {
    const submit = submittedQuery(folder, MASTER);
    const session = async (n: number): Promise<void> => {
      const { code, rows } = nextQuery();
      times.session.push(await timed(() => answer(api, `cold-${n}`, code, rows)));
      await end(api, `cold-${n}`);
    };
    const program = async (): Promise<void> => {
      times.submit.push(await submit(nextQuery()));
    };
    // The first of each fills the caches of the disk.
    await session(0);
    await program();
    times.session.length = times.submit.length = 0;
    for (let n = 1; n <= COLD; n++) {
      if (n % 2 === 0) await session(n);
      await program();
      if (n % 2 === 1) await session(n);
    }
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return times;
};

const QUERIES = [
  { name: 'VALUES (n)', code: (n: number) => `VALUES (${n})`, rows: 1 },
  {
    name: 'SELECT id FROM range(1000) WHERE id >= n',
    code: (n: number) => `SELECT id FROM range(1000) WHERE id >= ${n} AND id < ${n} + 10`,
    rows: 10,
  },
];

const besideTheEmbedded = async (): Promise<void> => {
  const server = await ServerProcess.start({ env: { SPARK_MASTER: MASTER } });
  const api = new ApiClient(server.url);
  try {
    await api.call('POST', '/api/v1/sessions', { sessionId: 'own', mode: 'ISOLATED' });
    await answer(api, 'own', 'VALUES (0)', 1);
    await pause(REST_MS);
    const young = memoryOf(driverProcesses(server.dataDir));
    for (const { name, code, rows } of QUERIES) {
      const times = { default: [] as number[], own: [] as number[] };
      for (let n = 0; n < WARM_UP + STATEMENTS; n++) {
        const order = n % 2 === 0 ? (['default', 'own'] as const) : (['own', 'default'] as const);
        for (const session of order) {
          const ms = await timed(() => answer(api, session, code(n), rows));
          if (n >= WARM_UP) times[session].push(ms);
        }
      }
      const [embedded, child] = [quantile(times.default, 0.5), quantile(times.own, 0.5)];
      say(
        `${name}: p50 embedded ${milliseconds(embedded)}, child ${milliseconds(child)};` +
          ` p99 ${milliseconds(quantile(times.default, 0.99))}, ${milliseconds(quantile(times.own, 0.99))}` +
          ` (${STATEMENTS} each, interleaved)`,
      );
      judge('  a child costs more at p50, in ms', child - embedded, 2);
    }
    const used = memoryOf(driverProcesses(server.dataDir));
    for (const [when, { jvm, all }] of [['fresh', young] as const, ['used', used] as const]) {
      say(
        `memory of a ${when} child: ${mebibytes(jvm)} the JVM, ${mebibytes(all)} with its Python`,
      );
    }
    say(`memory of the server with the embedded driver: ${mebibytes(server.memory().rss)}`);
  } finally {
    await server.stop();
  }
};

if (WARM > 0) {
  const times = await fromStock();
  say(
    `new session to its first answer, from the warm stock: p50 ${milliseconds(quantile(times, 0.5))},` +
      ` longest ${milliseconds(Math.max(...times))} (${times.length} sessions)`,
  );
  judge('  the longest, in ms', Math.max(...times), 500);
}
if (COLD > 0) {
  const { session, submit } = await fromNothing();
  const [own, program] = [quantile(session, 0.5), quantile(submit, 0.5)];
  say(
    `new session to its first answer, from nothing: p50 ${milliseconds(own)}; spark-submit of the` +
      ` same query to its output: p50 ${milliseconds(program)} (${session.length} each, interleaved)`,
  );
  judge('  session over spark-submit', own / program, 1.1);
}
if (STATEMENTS > 0) await besideTheEmbedded();
