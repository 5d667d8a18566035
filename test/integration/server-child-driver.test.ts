import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { processesMarked } from '../support/process-tree.ts';
import { ServerProcess } from '../support/server-process.ts';

const ENDLESS = 'SELECT count(*) FROM range(0, 10000000000000, 1, 4)';
const SLEEP = 'import subprocess, time\nsubprocess.Popen(["sleep", "600"])\ntime.sleep(600)';

describe('a server whose driver is a process of its own', () => {
  let server: ServerProcess;
  let api: ApiClient;
  beforeAll(async () => {
    server = await ServerProcess.start({ env: { LIBRA_DRIVER_HOST: 'child' } });
    api = new ApiClient(server.url);
  });
  afterAll(async () => {
    await server?.kill();
    await server?.stop();
  });

  const driversDir = () => join(server.dataDir, 'data', 'drivers');
  const children = () => processesMarked(`LIBRA_DRIVER=${driversDir()}`);
  const driver = () => {
    const [folder = ''] = readdirSync(driversDir());
    return Number(readFileSync(join(driversDir(), folder, 'process'), 'utf8').split(' ')[0]);
  };

  it('loads no JVM', async () => {
    expect((await api.sql('SELECT 42')).body).toMatchObject({
      state: 'SUCCESS',
      executor: 'embedded',
    });
    expect(readFileSync(`/proc/${server.pid}/maps`, 'latin1')).not.toContain('libjvm');
    expect(readFileSync(`/proc/${driver()}/maps`, 'latin1')).toContain('libjvm');
  });

  it('outlives its driver: jobs are lost with the cause, and those that wait run on the next', async () => {
    const { body } = await api.sql(ENDLESS, { wait: '0s' });
    await api.reached(body.jobId, 'RUNNING');
    process.kill(driver(), 'SIGKILL');
    const lost = await api.ended(body.jobId);
    expect(lost).toMatchObject({ state: 'LOST', error: { code: 'DRIVER_LOST' } });
    expect(lost.error?.message).toContain('SIGKILL');
    expect((await api.get('/actuator/health/liveness')).status).toBe(200);
    const next = await api.sql('SELECT 43', { wait: '10m' });
    expect(next.body).toMatchObject({ state: 'SUCCESS' });
  });

  it('leaves nothing running and no folder when it is killed', async () => {
    const { body } = await api.statement({ kind: 'python', code: SLEEP, wait: '0s' });
    await api.reached(body.jobId, 'RUNNING');
    await expect.poll(() => children().length, { timeout: 60_000 }).toBeGreaterThan(3);
    await server.kill();
    await expect.poll(children, { timeout: 60_000 }).toEqual([]);
    const left = () => (existsSync(driversDir()) ? readdirSync(driversDir()) : []);
    await expect.poll(left, { timeout: 60_000 }).toEqual([]);
  });
});
