/**
 * A `jar-class` that counts 100 rows against the same query as `sql`, both over HTTP on one server,
 * interleaved. Prints the p50 of each and their ratio.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeJar } from '../support/java-jars.ts';
import { sparkHome } from '../support/spark-home.ts';
import { milliseconds, quantile, say, timed } from './figures.ts';

const WARM_RUNS = 150;
const RUNS = 300;

const folder = mkdtempSync(path.join(tmpdir(), 'libra-jar-class-bench-'));
const jar = path.join(folder, 'count.jar');
makeJar(
  jar,
  {
    'demo.Count': `{ public static void main(String[] args) {
      org.apache.spark.sql.SparkSession spark =
        org.apache.spark.sql.SparkSession.builder().getOrCreate();
      System.out.println(spark.range(100).count()); }`,
  },
  sparkHome(),
);

const server = fork(path.join(import.meta.dirname, 'embedded-server.ts'), {
  execArgv: ['--import', 'tsx'],
  env: { ...process.env, LIBRA_FILES_ALLOWED_ROOTS: folder },
});
const [ready] = (await once(server, 'message')) as [{ url: string }];

const run = async (body: object, expected: string): Promise<void> => {
  const response = await fetch(`${ready.url}/api/v1/sessions/default/statements`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { state?: string; result?: string };
  if (answer.state !== 'SUCCESS' || !answer.result?.includes(expected)) {
    throw new Error(JSON.stringify(answer));
  }
};

const program = () => run({ kind: 'jar-class', filePath: jar, mainClass: 'demo.Count' }, '100\n');
const sql = () => run({ kind: 'sql', code: 'SELECT count(*) FROM range(100)' }, '[100]\n');

try {
  for (let i = 0; i < WARM_RUNS; i++) {
    await program();
    await sql();
  }
  const times = { program: [] as number[], sql: [] as number[] };
  for (let i = 0; i < RUNS; i++) {
    if (i % 2 === 0) times.program.push(await timed(program));
    times.sql.push(await timed(sql));
    if (i % 2 === 1) times.program.push(await timed(program));
  }
  const [inJar, inSql] = [quantile(times.program, 0.5), quantile(times.sql, 0.5)];
  say(
    `count of 100 rows: p50 as jar-class ${milliseconds(inJar)}, as sql ${milliseconds(inSql)},` +
      ` ratio ${(inJar / inSql).toFixed(2)} (${RUNS} runs each, interleaved)`,
  );
} finally {
  server.send('stop');
  await once(server, 'exit');
  rmSync(folder, { recursive: true, force: true });
}
