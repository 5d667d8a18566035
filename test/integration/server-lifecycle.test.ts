import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiClient, type JobBody } from '../support/api-client.ts';
import { type ServerOptions, ServerProcess } from '../support/server-process.ts';

const run = promisify(execFile);
const ENDLESS = 'SELECT count(*) FROM range(10000000000000)';
const BIN = path.resolve(import.meta.dirname, '../../bin/libra');

let dataDir: string;
const started: ServerProcess[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'libra-lifecycle-'));
});
afterEach(async () => {
  for (const server of started.splice(0)) await server.kill();
  rmSync(dataDir, { recursive: true, force: true });
});

const start = async (options: ServerOptions = {}) => {
  const server = await ServerProcess.start({ dataDir, ...options });
  started.push(server);
  return { server, api: new ApiClient(server.url) };
};

describe('a start', () => {
  it('serves HTTP before the driver answers, and what was sent meanwhile runs', async () => {
    const { server, api } = await start({ untilListening: true });
    expect((await api.get('/actuator/health/liveness')).status).toBe(200);
    expect((await api.get('/actuator/health/readiness')).status).toBe(503);
    const early = await api.sql('SELECT 5', { wait: '0s' });
    expect(early.body).toMatchObject({ state: 'QUEUED', waitingFor: 'DRIVER' });
    await server.ready();
    expect((await api.ended(early.body.jobId)).result).toContain('[5]');
  });

  it('stops when another server holds the data directory, and says who', async () => {
    const { server } = await start({ untilListening: true });
    const second = await ServerProcess.start({ dataDir, untilListening: true }).catch(
      (error: Error) => error,
    );
    expect(second).toBeInstanceOf(Error);
    expect(String(second)).toContain(String(server.pid));
  });

  it('stops with one message that names every fault of the configuration', async () => {
    const failed = await run(BIN, ['serve'], {
      env: {
        ...process.env,
        LIBRA_SETUP: 'skip',
        LIBRA_DATA_DIR: path.join(dataDir, 'data'),
        SERVER_PORT: 'eighty',
        LIBRA_SESSION_MODE: 'SOMETIMES',
        LIBRA_SESION_MODE: 'SHARED',
      },
    }).catch((error: { code: number; stderr: string; stdout: string }) => error);
    expect(failed).toMatchObject({ code: 78 });
    const said = `${failed.stderr}${failed.stdout}`;
    for (const name of ['SERVER_PORT', 'LIBRA_SESSION_MODE', 'LIBRA_SESION_MODE'])
      expect(said).toContain(name);
  });

  it('stops when it should listen further without anyone being told to', async () => {
    const failed = await run(BIN, ['serve'], {
      env: {
        ...process.env,
        LIBRA_SETUP: 'skip',
        LIBRA_DATA_DIR: path.join(dataDir, 'data'),
        SERVER_ADDRESS: '0.0.0.0',
        SERVER_PORT: '0',
      },
    }).catch((error: { code: number; stderr: string; stdout: string }) => error);
    expect(failed).toMatchObject({ code: 78 });
    expect(`${failed.stderr}${failed.stdout}`).toContain('allow-anonymous');
  });

  it('with a damaged store answers a clear 503 and is red, with the reason in the log', async () => {
    const first = await start({ untilListening: true });
    await first.server.kill();
    const store =
      readdirSync(path.join(dataDir, 'data')).find((name) => name.endsWith('.db')) ?? 'libra.db';
    writeFileSync(
      path.join(dataDir, 'data', store),
      'this is not a database, and long enough to be read as one. '.repeat(200),
    );
    // What the killed server left in its log would mend the file.
    for (const suffix of ['-wal', '-shm']) {
      rmSync(path.join(dataDir, 'data', store + suffix), { force: true });
    }
    const { server, api } = await start({ untilListening: true });
    const answer = await api.sql('SELECT 1');
    expect([answer.status, (answer.body as unknown as { code: string }).code]).toEqual([
      503,
      'STORE_UNAVAILABLE',
    ]);
    const health = await api.get<{ components: { store: { status: string } } }>('/actuator/health');
    expect([health.status, health.body.components.store.status]).toEqual([503, 'DOWN']);
    expect(server.output).toMatch(/not a database/);
  });
});

describe('an end', () => {
  it('drains on SIGTERM: readiness red, submissions refused, what runs may finish', async () => {
    const { server, api } = await start({ env: { LIBRA_SHUTDOWN_DRAIN: '60s' } });
    const { body } = await api.sql('SELECT count(*) FROM range(4000000000)', { wait: '0s' });
    await api.reached(body.jobId, 'RUNNING');
    server.signal('SIGTERM');
    await server.waitForLog((line) => /drain/.test(line.msg), 'it drained');
    expect((await api.get('/actuator/health/readiness')).status).toBe(503);
    expect((await api.sql('SELECT 1')).status).toBe(503);
    expect((await api.ended(body.jobId)).state).toBe('SUCCESS');
    expect(await server.exited).toEqual({ code: 0, signal: null });
  });

  it('gives up on what runs longer than the drain, and says so in the history', async () => {
    const first = await start({ env: { LIBRA_SHUTDOWN_DRAIN: '200ms' } });
    const { body } = await first.api.sql(ENDLESS, { wait: '0s' });
    await first.api.reached(body.jobId, 'RUNNING');
    first.server.signal('SIGINT');
    expect((await first.server.exited).code).toBe(0);
    const { api } = await start({ untilListening: true });
    expect((await api.job(body.jobId)).body).toMatchObject({
      state: 'LOST',
      error: { code: 'SERVER_STOPPED' },
    });
  });

  it('comes at once with a second signal', async () => {
    const { server, api } = await start({ env: { LIBRA_SHUTDOWN_DRAIN: '10m' } });
    const { body } = await api.sql(ENDLESS, { wait: '0s' });
    await api.reached(body.jobId, 'RUNNING');
    server.signal('SIGTERM');
    await server.waitForLog((line) => /drain/.test(line.msg), 'it drained');
    server.signal('SIGTERM');
    expect((await server.exited).code).not.toBe(0);
  });

  it('by kill -9 loses no acknowledged job and leaves none running', async () => {
    const first = await start();
    const done = await first.api.sql('SELECT 1');
    const running = await first.api.sql(ENDLESS, { wait: '0s' });
    await first.api.reached(running.body.jobId, 'RUNNING');
    const retried = await first.api.sql('SELECT count(*) FROM range(30000000000)', {
      wait: '0s',
      retry: { maxAttempts: 2, on: ['LOST'] },
    });
    await first.api.reached(retried.body.jobId, 'RUNNING');
    await first.server.kill();
    const scratch = path.join(dataDir, 'data', 'tmp');
    const left = readdirSync(scratch);
    const { api, server } = await start();
    expect(left).toHaveLength(1);
    expect(readdirSync(scratch)).not.toContain(left[0]);
    expect((await api.job(done.body.jobId)).body).toMatchObject({
      state: 'SUCCESS',
      result: done.body.result,
    });
    expect((await api.job(running.body.jobId)).body).toMatchObject({
      state: 'LOST',
      error: { code: 'DRIVER_LOST' },
    });
    expect((await api.job(retried.body.jobId)).body).toMatchObject({ attempt: 2 });
    await api.cancel(retried.body.jobId);
    expect((await api.ended(retried.body.jobId)).state).toBe('CANCELLED');
    const stored = await api.get<{ rows: unknown[] }>(`/api/v1/jobs/${done.body.jobId}/result`);
    expect(stored.body.rows).toEqual([[1]]);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });
});

describe('a backup', () => {
  it('is a whole copy, taken while the server runs', async () => {
    const { api, server } = await start({ untilListening: true });
    const { body } = await api.sql('SELECT 1', { wait: '0s' });
    const file = path.join(dataDir, 'copy.db');
    await run(BIN, ['backup', file], {
      env: { ...process.env, LIBRA_SETUP: 'skip', LIBRA_DATA_DIR: path.join(dataDir, 'data') },
    });
    expect(existsSync(file)).toBe(true);
    await server.kill();
    const store =
      readdirSync(path.join(dataDir, 'data')).find((name) => name.endsWith('.db')) ?? 'libra.db';
    for (const suffix of ['-wal', '-shm'])
      rmSync(path.join(dataDir, 'data', store + suffix), { force: true });
    rmSync(path.join(dataDir, 'data', store));
    await run('cp', [file, path.join(dataDir, 'data', store)]);
    const again = await start({ untilListening: true });
    expect((await again.api.get<JobBody>(`/api/v1/jobs/${body.jobId}`)).status).toBe(200);
  });
});
