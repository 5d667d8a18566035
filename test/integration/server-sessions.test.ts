import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { ServerProcess } from '../support/server-process.ts';

interface SessionBody {
  readonly sessionId: string;
  readonly mode: string;
  readonly state: string;
  readonly appId: string;
  readonly master: string;
  readonly sparkVersion: string;
  readonly activeJobs: number;
  readonly sparkUiUrl: string | null;
}

const ENDLESS = 'SELECT count(*) FROM range(10000000000000)';

let server: ServerProcess;
let api: ApiClient;

beforeAll(async () => {
  server = await ServerProcess.start({ env: { LIBRA_SESSION_MAX_LIGHT_SESSIONS: '6' } });
  api = new ApiClient(server.url);
});
afterAll(async () => {
  await server?.stop();
});

const open = (fields: Record<string, unknown>) =>
  api.call<SessionBody>('POST', '/api/v1/sessions', fields);
const close = (id: string) => api.call('DELETE', `/api/v1/sessions/${id}`);

describe('sessions on the shared driver', () => {
  it('always have the default one, which cannot be deleted', async () => {
    const { body } = await api.get<SessionBody[]>('/api/v1/sessions');
    expect(body).toMatchObject([
      {
        sessionId: 'default',
        mode: 'SHARED',
        state: 'RUNNING',
        master: 'local[2]',
        sparkVersion: '4.0.1',
      },
    ]);
    expect((await close('default')).status).toBe(409);
  });

  it('have views, a current database and settings of their own', async () => {
    await api.sql('CREATE DATABASE IF NOT EXISTS other');
    await api.sql('CREATE TEMPORARY VIEW mine AS SELECT 42 AS answer', {}, 'alice');
    await api.sql('USE other', {}, 'alice');
    await api.sql('SET spark.sql.shuffle.partitions=3', {}, 'alice');
    const inside = await api.sql('SELECT answer, current_schema() AS s FROM mine', {}, 'alice');
    expect(inside.body.result).toBe('Schema: struct<answer:int,s:string>\n\n[42,other]\n');
    const outside = await api.sql('SELECT * FROM mine', {}, 'bob');
    expect(outside.body.error?.errorClass).toBe('TABLE_OR_VIEW_NOT_FOUND');
    expect((await api.sql('SELECT current_schema()', {}, 'bob')).body.result).toContain(
      '[default]',
    );
    const setting = await api.sql('SET spark.sql.shuffle.partitions', {}, 'bob');
    expect(setting.body.result).not.toContain(',3]');
    await close('alice');
    await close('bob');
  });

  it('are made by POST with settings, once', async () => {
    const made = await open({
      sessionId: 'etl',
      sparkConfig: { 'spark.sql.shuffle.partitions': 5 },
    });
    expect([made.status, made.body.state]).toEqual([201, 'RUNNING']);
    expect((await open({ sessionId: 'etl' })).status).toBe(409);
    const { body } = await api.sql('SET spark.sql.shuffle.partitions', {}, 'etl');
    expect(body.result).toContain('[spark.sql.shuffle.partitions,5]');
    expect((await close('etl')).status).toBe(204);
    expect((await api.get('/api/v1/sessions/etl')).status).toBe(404);
  });

  it('end their jobs when they are deleted', async () => {
    const { body } = await api.sql(ENDLESS, { wait: '0s' }, 'doomed');
    await api.reached(body.jobId, 'RUNNING');
    expect((await close('doomed')).status).toBe(204);
    expect(await api.ended(body.jobId)).toMatchObject({
      state: 'CANCELLED',
      error: { code: 'SESSION_DELETED' },
    });
  });

  it('time out when idle, never while a job runs', async () => {
    await open({ sessionId: 'idle', idleTimeout: '300ms' });
    const { body } = await api.sql(ENDLESS, { wait: '0s' }, 'idle');
    await api.reached(body.jobId, 'RUNNING');
    // Longer than its idle timeout: the job itself is the clock.
    await api.job(body.jobId, '?wait=1500ms');
    expect((await api.get<SessionBody>('/api/v1/sessions/idle')).body).toMatchObject({
      state: 'RUNNING',
      activeJobs: 1,
    });
    await api.cancel(body.jobId);
    await api.ended(body.jobId);
    for (;;) {
      const { status } = await api.get('/api/v1/sessions/idle');
      if (status === 404) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect((await api.sql('SELECT 1', {}, 'idle')).status).toBe(410);
  });

  it('are limited', async () => {
    const made = await Promise.all(
      Array.from({ length: 9 }, (_, n) => open({ sessionId: `limit-${n}` })),
    );
    const refused = made.filter((answer) => answer.status === 429);
    expect(made.filter((answer) => answer.status === 201).length).toBe(6);
    expect(refused.length).toBe(3);
    expect(refused[0]?.headers.get('retry-after')).toMatch(/^\d+$/);
    await Promise.all(Array.from({ length: 9 }, (_, n) => close(`limit-${n}`)));
  });

  it('have plain names', async () => {
    expect((await open({ sessionId: '../etc' })).status).toBe(400);
    expect((await api.sql('SELECT 1', {}, '..%2Fetc')).status).toBe(400);
    expect((await api.get('/api/v1/sessions/unknown')).status).toBe(404);
  });
});
