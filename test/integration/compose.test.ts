import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import type { ClusterState } from '../support/cluster.ts';
import { ComposeStack } from '../support/compose-stack.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** Whether somebody listens there. */
const answers = (host: string, port: number): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect({ host, port });
    socket.once('connect', () => done(socket.destroy() !== null));
    socket.once('error', () => done(false));
  });

describe('docker-compose.yml, its services as processes', () => {
  let stack: ComposeStack;
  let api: ApiClient;
  let state: () => Promise<ClusterState>;
  beforeAll(async () => {
    stack = await ComposeStack.start('docker-compose.yml', {
      SPARK_AUTHENTICATE_SECRET: 'of-this-test-alone',
      SPARK_WORKER_MEMORY: '2g',
    });
    api = new ApiClient(`http://${stack.addressOf('libra')}:8080`);
    state = async () => {
      const response = await fetch(`http://${stack.addressOf('spark-master')}:8081/json/`);
      return (await response.json()) as ClusterState;
    };
  });
  afterAll(() => stack?.stop());

  it('listens at the ports that the documents name', async () => {
    const ports: readonly [string, number][] = [
      ['libra', 8080],
      ['libra', 4040],
      ['libra', 7078],
      ['libra', 7079],
      ['spark-master', 7077],
      ['spark-master', 8081],
      ['spark-worker-1', 8082],
      ['spark-worker-2', 8083],
    ];
    for (const [name, port] of ports) {
      expect(await answers(stack.addressOf(name), port), `${name}:${port}`).toBe(true);
    }
  });

  it('has two workers with three cores each', async () => {
    const { workers, status } = await state();
    expect(status).toBe('ALIVE');
    expect(workers.map((worker) => [worker.state, worker.coresused + worker.coresfree])).toEqual([
      ['ALIVE', 3],
      ['ALIVE', 3],
    ]);
  });

  it('runs SQL and Python functions on the executors, by the same Python', async () => {
    const { body } = await api.sql('SELECT count(*) AS n FROM range(0, 9000, 1, 6)');
    expect(body.error, stack.logOf('libra')).toBeNull();
    expect(body.result).toContain('[9000]');
    expect((await state()).coresused).toBeGreaterThan(0);
    const code = `
import sys
from pyspark.sql import functions as F
where = F.udf(lambda _: sys.version)
print([row.v for row in spark.range(0, 4, 1, 2).select(where("id").alias("v")).distinct().collect()] == [sys.version])`;
    expect((await api.statement({ kind: 'python', code })).body).toMatchObject({
      error: null,
      result: 'True\n',
    });
    const app = (await state()).activeapps.find(({ name }) => name === 'libra');
    expect(app?.cores).toBeLessThanOrEqual(4);
  });

  it('has no button that kills, on any page', async () => {
    const pages = [
      `http://${stack.addressOf('spark-master')}:8081/`,
      `http://${stack.addressOf('libra')}:4040/jobs/`,
      `http://${stack.addressOf('libra')}:4040/stages/`,
    ];
    const running = await api.sql('SELECT count(*) FROM range(0, 10000000000000, 1, 8)', {
      wait: '0s',
    });
    await vi.waitUntil(async () => (await state()).coresused > 0, { timeout: 120_000 });
    for (const page of pages) {
      const text = await (await fetch(page)).text();
      expect(text, page).toMatch(/<html/);
      expect(text, page).not.toMatch(/\(kill\)|\/kill\//);
    }
    await api.cancel(running.body.jobId);
    expect((await api.ended(running.body.jobId)).state).toBe('CANCELLED');
  });

  it('turns away who does not know the secret', async () => {
    expect(stack.logOf('spark-master')).not.toContain('of-this-test-alone');
    expect(await stack.intruder()).toMatch(/Failed to connect to master/);
    expect((await state()).workers).toHaveLength(2);
  });
});

describe('docker-compose.local.yml, its service as a process', () => {
  it('answers by itself', async () => {
    const stack = await ComposeStack.start('docker-compose.local.yml', {});
    try {
      const api = new ApiClient(`http://${stack.addressOf('libra')}:8080`);
      expect((await api.sql('SELECT sum(id) AS s FROM range(10)')).body).toMatchObject({
        error: null,
        result: expect.stringContaining('[45]'),
      });
      expect(await answers(stack.addressOf('libra'), 4040)).toBe(true);
    } finally {
      await stack.stop();
    }
  });
});
