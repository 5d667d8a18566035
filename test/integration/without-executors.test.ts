import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ApiClient, type JobBody } from '../support/api-client.ts';
import { Cluster } from '../support/cluster.ts';
import { clusterServer } from '../support/cluster-server.ts';
import type { ServerProcess } from '../support/server-process.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const COUNT = 'SELECT count(*) AS n FROM range(0, 1000, 1, 4)';
const COUNTED = expect.stringContaining('[1000]');

let cluster: Cluster;
let server: ServerProcess;
let api: ApiClient;
afterEach(async () => {
  await server?.stop();
  await cluster?.stop();
});

const seen = async (id: string, wanted: (job: JobBody) => boolean): Promise<JobBody> => {
  for (;;) {
    const { body } = await api.job(id);
    if (wanted(body)) return body;
    if (!['QUEUED', 'RUNNING'].includes(body.state)) throw new Error(JSON.stringify(body));
    await sleep(50);
  }
};

/** What the job's stream of events told, one after another. */
const toldOf = async (id: string): Promise<readonly (string | null)[]> => {
  const response = await fetch(`${server.url}/api/v1/jobs/${id}/events`);
  const states = [...(await response.text()).matchAll(/^event: state\ndata: (.*)$/gm)];
  return states.map(([, data = '{}']) => (JSON.parse(data) as JobBody).waitingFor);
};

describe.each(['embedded', 'child'])(
  'on a cluster without workers, a driver that is %s',
  (host) => {
    it('says what its jobs wait for, until there are executors', async () => {
      cluster = await Cluster.start(0);
      server = await clusterServer(cluster, { LIBRA_DRIVER_HOST: host });
      api = new ApiClient(server.url);

      const { body } = await api.sql(COUNT, { wait: '0s' });
      const events = toldOf(body.jobId);
      const waiting = await seen(body.jobId, ({ waitingFor }) => waitingFor === 'EXECUTORS');
      expect(waiting).toMatchObject({ state: 'RUNNING', executor: 'embedded', progress: 0 });
      // What runs on no executor does not wait for one.
      expect((await api.sql('SHOW TABLES')).body).toMatchObject({
        state: 'SUCCESS',
        waitingFor: null,
      });
      const other = (await api.sql(COUNT, { wait: '0s' })).body.jobId;
      await seen(other, ({ waitingFor }) => waitingFor === 'EXECUTORS');
      await api.cancel(other);
      expect(await api.ended(other)).toMatchObject({ state: 'CANCELLED', waitingFor: null });

      await cluster.addWorker();
      expect(await api.ended(body.jobId)).toMatchObject({
        state: 'SUCCESS',
        waitingFor: null,
        result: COUNTED,
      });
      const told = await events;
      expect(told).toContain('EXECUTORS');
      // Before its end, when the first executor was there.
      expect(told.slice(told.lastIndexOf('EXECUTORS')).length).toBeGreaterThanOrEqual(3);
      expect(told.at(-1)).toBeNull();
    });
  },
);
