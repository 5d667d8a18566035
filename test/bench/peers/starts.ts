import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ApiClient } from '../../support/api-client.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { quantile, timed } from '../figures.ts';
import { submittedQuery } from '../submitted-query.ts';
import { MASTER } from './field.ts';
import { PythonClient } from './python-client.ts';
import type { Report } from './report.ts';
import { SparkServer } from './spark-server.ts';
import { CONSTANT, RANGE } from './statements.ts';

const ROUNDS = 5;
const LIMIT_SECONDS = 120;
const TASK = 'cold start to the first answer';
const STATEMENTS = 520;
const WARM_UPS = 3;

let literal = 3000;
const nextQuery = () => {
  literal += 1;
  return { code: RANGE.replace('#', String(literal)), rows: 49 };
};

const libra = (): Promise<number> => {
  let server: ServerProcess | null = null;
  return timed(async () => {
    server = await ServerProcess.start({ untilListening: true });
    const { code, rows } = nextQuery();
    const { body } = await new ApiClient(server.url).sql(code, { wait: '5m' });
    if (body.rowCount !== rows) throw new Error(JSON.stringify(body));
  }).finally(() => server?.stop());
};

/** The client is there already; it asks until it gets an answer. */
const peer = async (kind: 'connect' | 'thrift'): Promise<number> => {
  const startedAt = Date.now();
  const server = await SparkServer.launch(kind, MASTER);
  const client = await PythonClient.start(kind, server.place);
  try {
    const { code } = nextQuery();
    return (
      (await client.ask<number>({ do: 'first', template: code, limit: LIMIT_SECONDS })) - startedAt
    );
  } finally {
    await client.stop();
    await server.stop();
  }
};

export const coldStarts = async (report: Report): Promise<void> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'libra-bench-start-'));
  const submit = submittedQuery(folder, MASTER);
  const ways = {
    libra,
    'spark-submit': () => submit(nextQuery()),
    connect: () => peer('connect'),
    thrift: () => peer('thrift'),
  };
  const seconds = new Map(Object.keys(ways).map((subject) => [subject, [] as number[]]));
  // The first of each fills the caches of the disk.
  for (let round = -1; round < ROUNDS; round++) {
    for (const [subject, start] of Object.entries(ways)) {
      const took = (await start()) / 1000;
      if (round >= 0) seconds.get(subject)?.push(took);
    }
  }
  rmSync(folder, { recursive: true, force: true });
  for (const [subject, times] of seconds) {
    report.add({ task: TASK, measure: 'seconds', subject, value: quantile(times, 0.5) });
  }
  report.atMost(
    'cold start to the first answer over spark-submit of the same query',
    report.value(TASK, 'seconds', 'libra') / report.value(TASK, 'seconds', 'spark-submit'),
    0.6,
  );
};

/** Statement after statement from the moment that the server is ready. */
export const warmUps = async (report: Report): Promise<void> => {
  const around = { first: [] as number[], at20: [] as number[], at500: [] as number[] };
  for (let n = 0; n < WARM_UPS; n++) {
    const server = await ServerProcess.start();
    const api = new ApiClient(server.url);
    const times: number[] = [];
    for (let each = 0; each < STATEMENTS; each++) {
      const code = CONSTANT.replace('#', String(each));
      times.push(await timed(() => api.sql(code)));
    }
    await server.stop();
    around.first.push(times[0] as number);
    // One statement alone says little.
    around.at20.push(quantile(times.slice(15, 25), 0.5));
    around.at500.push(quantile(times.slice(480, 520), 0.5));
  }
  const add = (measure: string, times: readonly number[]) =>
    report.add({
      task: `${CONSTANT}, right after a start`,
      measure,
      subject: 'libra',
      value: quantile(times, 0.5),
    });
  add('first, ms', around.first);
  add('20th, ms', around.at20);
  add('500th, ms', around.at500);
  report.atMost(
    'the 20th statement after a start over the 500th',
    quantile(around.at20, 0.5) / quantile(around.at500, 0.5),
    1.5,
  );
};
