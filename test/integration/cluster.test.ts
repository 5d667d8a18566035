import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ApiClient, type JobBody } from '../support/api-client.ts';
import { Cluster } from '../support/cluster.ts';
import { clusterServer } from '../support/cluster-server.ts';
import { buildExamples, EXAMPLES_BY_NAME, JAR, mainClass } from '../support/example-programs.ts';
import type { ServerProcess } from '../support/server-process.ts';

// Many processes of Spark, each of which takes its time to start where processors are few.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** Seconds of work in many tasks, with a shuffle in the middle. */
const SLOW = `SELECT k, count(*) AS n, sum(hash_is) AS odd FROM (
    SELECT id % 2 AS k, length(sha2(sha2(string(id), 512), 512)) % 2 AS hash_is
    FROM range(0, 3000000, 1, 24)
  ) GROUP BY k ORDER BY k`;
const SLOW_ROWS = '[0,1500000,0]\n[1,1500000,0]\n';
const ENDLESS = 'SELECT count(*) FROM range(0, 10000000000000, 1, 8)';

/** Beside the server's executors on the same workers. */
const SMALL = { 'spark.driver.memory': '512m', 'spark.executor.memory': '512m' };
const ON_CLUSTER = { 'spark.submit.deployMode': 'cluster' };

let folder: string;
let cluster: Cluster;
let server: ServerProcess;
let api: ApiClient;

beforeAll(async () => {
  await buildExamples();
  folder = mkdtempSync(join(tmpdir(), 'libra-cluster-files-'));
  cluster = await Cluster.start();
  server = await clusterServer(cluster);
  api = new ApiClient(server.url);
});
afterAll(async () => {
  await server?.stop();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const waitingFor = async (id: string, what: string): Promise<void> => {
  for (;;) {
    const { body } = await api.job(id);
    if (body.waitingFor === what) return;
    if (!['QUEUED', 'RUNNING'].includes(body.state)) throw new Error(JSON.stringify(body));
    await sleep(50);
  }
};

const statement = (request: Readonly<Record<string, unknown>>) =>
  api.call<JobBody>('POST', '/api/v1/sessions/default/statements', request);

const theServersApp = async () => {
  const app = (await cluster.state()).activeapps.find(({ name }) => name === 'libra');
  if (app === undefined) throw new Error('the server has no application on the cluster');
  return app;
};

describe('SQL on a standalone cluster', () => {
  it('runs on the executors and stores the rows', async () => {
    const { body } = await api.sql('SELECT id, id * 2 AS twice FROM range(0, 20000, 1, 8)', {
      rowLimit: 2,
    });
    expect(body).toMatchObject({
      state: 'SUCCESS',
      executor: 'embedded',
      result: 'Schema: struct<id:bigint,twice:bigint>\n\n[0,0]\n[1,2]\n',
      rowCount: 20000,
      truncated: true,
      resultComplete: true,
    });
    const { body: page } = await api.get<{ rows: string[][] }>(
      `/api/v1/jobs/${body.jobId}/result?offset=19998`,
    );
    expect(page.rows).toEqual([
      ['19998', '39996'],
      ['19999', '39998'],
    ]);
    // Not in the driver: the master has given out cores.
    expect((await cluster.state()).coresused).toBeGreaterThan(0);
    const shuffled = await api.sql(
      'SELECT id % 3 AS k, count(*) AS n FROM range(0, 9000, 1, 6) GROUP BY k ORDER BY k',
    );
    expect(shuffled.body.result).toContain('[0,3000]\n[1,3000]\n[2,3000]\n');
  });

  it('never holds every core', async () => {
    const busy = await api.sql(SLOW, { wait: '0s' });
    const state = await cluster.until(({ coresused }) => coresused >= 4);
    expect(await theServersApp()).toMatchObject({ cores: 4 });
    expect(state.cores - state.coresused).toBeGreaterThanOrEqual(2);
    await api.cancel(busy.body.jobId);
    expect(await api.ended(busy.body.jobId)).toMatchObject({ state: 'CANCELLED' });
  });

  it('loses nothing but time with a worker', async () => {
    const running = await api.sql(SLOW, { wait: '0s' });
    while ((await api.job(running.body.jobId)).body.progress < 0.2) await sleep(20);
    const victim = (await cluster.state()).workers.find(({ coresused }) => coresused > 0);
    await cluster.killWorker(victim?.port ?? 0);
    expect((await api.job(running.body.jobId)).body.state).toBe('RUNNING');
    expect(await api.ended(running.body.jobId)).toMatchObject({
      state: 'SUCCESS',
      attempt: 1,
      result: expect.stringContaining(SLOW_ROWS),
    });
    await cluster.addWorker();
  });

  it('survives that the master removes the application', async () => {
    const before = await theServersApp();
    const running = await api.sql(ENDLESS, { wait: '0s' });
    while ((await api.job(running.body.jobId)).body.state !== 'RUNNING') await sleep(20);
    await cluster.until(({ coresused }) => coresused > 0);
    await cluster.killApp(before.id);
    expect(await api.ended(running.body.jobId)).toMatchObject({
      state: 'LOST',
      error: { code: 'DRIVER_LOST' },
    });
    expect(await api.sql('SELECT count(*) AS n FROM range(0, 100, 1, 4)')).toMatchObject({
      status: 200,
      body: { state: 'SUCCESS', result: expect.stringContaining('[100]') },
    });
    expect((await theServersApp()).id).not.toBe(before.id);
  });

  it('runs Python functions with the Python of the driver', async () => {
    const code = `
import sys
from pyspark.sql import functions as F
where = F.udf(lambda _: sys.executable + " " + sys.version)
rows = spark.range(0, 8, 1, 4).select(where("id").alias("where")).distinct().collect()
print([row["where"] for row in rows] == [sys.executable + " " + sys.version])
print(sc.parallelize(range(6), 3).map(lambda n: n * n).sum())
`;
    const { body } = await statement({ kind: 'python', code });
    expect(await api.ended(body.jobId)).toMatchObject({
      state: 'SUCCESS',
      executor: 'embedded',
      result: 'True\n55\n',
    });
  });
});

describe('a jar inside the driver on a standalone cluster', () => {
  const languages = ['Java', 'Scala'] as const;
  const examples = languages.flatMap((language) =>
    EXAMPLES_BY_NAME.map((example) => ({ language, name: example.name, example })),
  );

  it.each(examples)('$language $name', async ({ language, example }) => {
    const { body } = await statement({
      kind: 'jar-class',
      filePath: JAR,
      mainClass: mainClass(language, example),
      args: example.args(join(folder, `${language}-revenue`)),
    });
    const job = await api.ended(body.jobId);
    expect({ ...job, error: job.error?.message ?? null }).toMatchObject({
      executor: 'embedded',
      state: example.exitCode === 0 ? 'SUCCESS' : 'FAILED',
      error: example.exitCode === 0 ? null : 'The program exited with 3',
    });
    const log = await api.get<string>(`/api/v1/jobs/${job.jobId}/logs?stream=stdout`);
    expect(log.body).toMatch(example.prints);
  });
});

describe('programs of their own beside a busy driver', () => {
  const pi = (points: number, sparkConfig: Readonly<Record<string, string>> = {}) => ({
    kind: 'jar',
    filePath: JAR,
    mainClass: 'com.whereq.libra.examples.JavaMonteCarloPi',
    args: ['4', String(points)],
    wait: '0s',
    sparkConfig: { ...SMALL, ...sparkConfig },
  });
  const endlessPi = pi(2_000_000_000);
  const shortPi = pi(50_000);

  let busy: string;
  beforeAll(async () => {
    busy = (await api.sql(ENDLESS, { wait: '0s' })).body.jobId;
    await cluster.until(({ coresused }) => coresused >= 4);
  });
  afterAll(async () => {
    await api.cancel(busy);
    await api.ended(busy);
  });

  it('get cores, and wait for them when there are none', async () => {
    const first = (await statement(endlessPi)).body.jobId;
    await cluster.until(({ cores, coresused }) => coresused === cores);
    const second = (await statement(shortPi)).body.jobId;
    await waitingFor(second, 'EXECUTORS');
    await api.cancel(first);
    expect((await api.ended(first)).state).toBe('CANCELLED');
    expect(await api.ended(second)).toMatchObject({
      state: 'SUCCESS',
      executor: 'spark-submit',
      result: expect.stringContaining('of 200000 points'),
    });
    expect((await api.job(busy)).body.state).toBe('RUNNING');
  });

  it('have their driver on the cluster when they ask for it', async () => {
    const { body } = await statement(pi(50_000, ON_CLUSTER));
    const ended = await api.ended(body.jobId);
    expect(ended, cluster.driverLogs()).toMatchObject({
      state: 'SUCCESS',
      executor: 'spark-submit',
      error: null,
    });
    const { completeddrivers } = await cluster.state();
    expect(completeddrivers.map(({ state }) => state)).toEqual(['FINISHED']);
  });

  it('end on the cluster when they are cancelled', async () => {
    const { body } = await statement({ ...endlessPi, sparkConfig: { ...SMALL, ...ON_CLUSTER } });
    await cluster.until(({ activedrivers }) => activedrivers[0]?.state === 'RUNNING');
    await cluster.until(({ cores, coresused }) => coresused === cores);
    await api.cancel(body.jobId);
    expect((await api.ended(body.jobId)).state).toBe('CANCELLED');
    const { activedrivers, activeapps } = await cluster.until(
      ({ activeapps }) => activeapps.length === 1,
    );
    expect(activedrivers).toEqual([]);
    expect(activeapps[0]?.name).toBe('libra');
  });

  it('are refused as Python with the driver on the cluster', async () => {
    const refused = await statement({
      kind: 'python-file',
      filePath: 'examples/python/word_count.py',
      sparkConfig: ON_CLUSTER,
    });
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body)).toContain('spark.submit.deployMode');
  });
});

describe('a server that stops', () => {
  it('gives everything back to the cluster', async () => {
    await server.stop();
    const state = await cluster.until(({ activeapps }) => activeapps.length === 0);
    expect(state.coresused).toBe(0);
  });
});
