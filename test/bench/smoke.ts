/**
 * A one-row SELECT over HTTP, history on, and the same inside the JVM, interleaved in one run on
 * one driver. Prints the p50 of each and their difference, then the throughput of 8 clients
 * against 8 threads. The literals vary, so that no cache can answer.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { milliseconds, quantile, say } from './figures.ts';

const ROUNDS = 5;
const ROUND_MS = 2000;
const WARM_MS = 6000;
const ALL_CASES = [
  'SELECT # AS n',
  'SELECT * FROM range(100) WHERE id = # - #',
  'SELECT count(*) FROM range(100) WHERE id < #',
];

/** `npm run bench:smoke -- 1` runs the first case alone. */
const CASES = ALL_CASES.slice(0, Number(process.argv[2] ?? ALL_CASES.length));

interface Loop {
  readonly where: 'http' | 'jvm';
  readonly template: string;
  readonly parallel: number;
  readonly ms: number;
}

const server = fork(path.join(import.meta.dirname, 'smoke-server.ts'), {
  execArgv: ['--import', 'tsx'],
});
const [ready] = (await once(server, 'message')) as [{ url: string }];
const client = fork(path.join(import.meta.dirname, 'smoke-client.ts'), [ready.url], {
  execArgv: ['--import', 'tsx'],
});

/** Answers the time of each run in milliseconds. */
const loop = async (task: Loop): Promise<number[]> => {
  const worker = task.where === 'http' ? client : server;
  worker.send(task);
  const [times] = (await once(worker, 'message')) as [number[]];
  return times;
};

const compare = async (
  template: string,
  parallel: number,
): Promise<{ http: number[]; jvm: number[] }> => {
  const all = { http: [] as number[], jvm: [] as number[] };
  for (const where of ['http', 'jvm'] as const)
    await loop({ where, template, parallel, ms: WARM_MS / 2 });
  for (let round = 0; round < ROUNDS; round++) {
    for (const where of round % 2 === 0 ? (['http', 'jvm'] as const) : (['jvm', 'http'] as const)) {
      all[where].push(...(await loop({ where, template, parallel, ms: ROUND_MS })));
    }
  }
  return all;
};

try {
  for (const template of CASES) {
    const { http, jvm } = await compare(template, 1);
    const [over, inside] = [quantile(http, 0.5), quantile(jvm, 0.5)];
    say(
      `${template}: p50 over HTTP ${milliseconds(over)}, inside the JVM ${milliseconds(inside)}, difference ${milliseconds(
        over - inside,
      )} (${http.length} and ${jvm.length} runs)`,
    );
  }
  for (const template of CASES) {
    const { http, jvm } = await compare(template, 8);
    const perSecond = (times: number[]) => times.length / ((ROUNDS * ROUND_MS) / 1000);
    say(
      `${template}: 8 clients ${perSecond(http).toFixed(0)} a second over HTTP, 8 threads ${perSecond(
        jvm,
      ).toFixed(0)} inside the JVM, ratio ${(http.length / jvm.length).toFixed(2)}`,
    );
  }
} finally {
  client.kill('SIGKILL');
  server.send('stop');
  await once(server, 'exit');
}
