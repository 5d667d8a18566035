import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { Cluster } from '../support/cluster.ts';
import { clusterServer } from '../support/cluster-server.ts';
import type { ServerProcess } from '../support/server-process.ts';

/** Seconds of work in many tasks, with a shuffle in the middle. */
const SLOW = `SELECT k, count(*) AS n, sum(hash_is) AS odd FROM (
    SELECT id % 2 AS k, length(sha2(sha2(string(id), 512), 512)) % 2 AS hash_is
    FROM range(0, 3000000, 1, 24)
  ) GROUP BY k ORDER BY k`;
const SLOW_ROWS = '[0,1500000,0]\n[1,1500000,0]\n';
const ENDLESS = 'SELECT count(*) FROM range(0, 10000000000000, 1, 8)';

let cluster: Cluster;
let server: ServerProcess;
let api: ApiClient;

beforeAll(async () => {
  cluster = await Cluster.start();
  server = await clusterServer(cluster);
  api = new ApiClient(server.url);
});
afterAll(async () => {
  await server?.stop();
  await cluster?.stop();
});

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

  it('gives everything back when the server stops', async () => {
    await server.stop();
    const state = await cluster.until(({ activeapps }) => activeapps.length === 0);
    expect(state.coresused).toBe(0);
  });
});
