import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient, type JobBody } from '../support/api-client.ts';
import { commandOf, processesNaming } from '../support/process-tree.ts';
import { ServerProcess } from '../support/server-process.ts';

interface SessionBody {
  readonly sessionId: string;
  readonly mode: string;
  readonly state: string;
  readonly cause: string | null;
  readonly appId: string | null;
  readonly master: string;
  readonly sparkUiUrl: string | null;
}
interface ProblemBody {
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly field: string }[];
}

const SMALL = { 'spark.driver.memory': '600m', 'spark.master': 'local[1]' };
const ENDLESS = 'SELECT count(*) FROM range(10000000000000)';

let server: ServerProcess;
let api: ApiClient;

const start = async (env: Record<string, string>) => {
  server = await ServerProcess.start({
    env: { LIBRA_SESSION_MEMORY: '6GiB', LIBRA_SESSION_DEDICATED_IDLE: '5s', ...env },
  });
  api = new ApiClient(server.url);
};
const open = (fields: Record<string, unknown>) =>
  api.call<SessionBody & ProblemBody>('POST', '/api/v1/sessions', { mode: 'ISOLATED', ...fields });
const close = (id: string) => api.call<string>('DELETE', `/api/v1/sessions/${id}`);
const session = (id: string) => api.get<SessionBody>(`/api/v1/sessions/${id}`);
const reached = async (id: string, state: string): Promise<SessionBody> => {
  for (;;) {
    const { body } = await session(id);
    if (body.state === state) return body;
    if (body.state === 'DEAD') throw new Error(`session ${id} died: ${body.cause}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};
/** Driver processes, as the metrics have them, by purpose. */
const drivers = async (): Promise<Readonly<Record<string, number>>> => {
  const { body } = await api.get<string>('/actuator/prometheus');
  const counts: Record<string, number> = {};
  for (const [, purpose, count] of body.matchAll(
    /^libra_driver_processes\{purpose="(\w+)",state="\w+"\} (\d+)$/gm,
  )) {
    counts[purpose as string] = (counts[purpose as string] ?? 0) + Number(count);
  }
  return counts;
};
const until = async (what: () => Promise<boolean> | boolean): Promise<void> => {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 100));
};
const foldersLeft = (): readonly string[] => {
  const dir = join(server.dataDir, 'data/drivers');
  return existsSync(dir) ? readdirSync(dir) : [];
};
const processes = () => processesNaming(join(server.dataDir, 'data/drivers'));
/** The JVM of the session with this application. */
const processOf = (driverMemory: string): number => {
  const found = processes().filter((pid) => commandOf(pid).includes(`-Xmx${driverMemory}`));
  expect(found.length).toBe(1);
  return found[0] as number;
};

describe('isolated sessions beside the shared one', () => {
  beforeAll(async () => {
    await start({ LIBRA_SESSION_MAX_SESSIONS: '3' });
  });
  afterAll(async () => {
    await server?.stop();
    expect(processes()).toEqual([]);
  });

  it('have memory, cores and a context of their own', async () => {
    const made = await open({
      sessionId: 'own',
      sparkConfig: { ...SMALL, 'spark.driver.memory': '700m' },
    });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ mode: 'ISOLATED', state: 'STARTING', master: 'local[1]' });
    const waiting = await api.sql('SELECT 1', { wait: '0s' }, 'own');
    expect(waiting.status).toBe(202);
    expect(waiting.body).toMatchObject({ state: 'QUEUED', waitingFor: 'DRIVER' });
    // The shared driver knows nothing of it.
    expect((await api.sql('SELECT 2')).body.state).toBe('SUCCESS');
    const first = await api.ended(waiting.body.jobId);
    expect(first).toMatchObject({ state: 'SUCCESS', executor: 'embedded' });
    const own = await reached('own', 'RUNNING');
    const { body: shared } = await session('default');
    expect(own.appId).not.toBe(shared.appId);
    expect(own.sparkUiUrl).not.toBe(shared.sparkUiUrl);
    const memory = await api.sql('SET spark.driver.memory', {}, 'own');
    expect(memory.body.result).toContain('[spark.driver.memory,700m]');
    await api.sql('CREATE TEMPORARY VIEW mine AS SELECT 42 AS answer', {}, 'own');
    expect((await api.sql('SELECT answer FROM mine', {}, 'own')).body.result).toContain('[42]');
    const outside = await api.sql('SELECT answer FROM mine');
    expect(outside.body.error?.errorClass).toBe('TABLE_OR_VIEW_NOT_FOUND');
    const python = { kind: 'python', code: 'print(spark.sparkContext.applicationId)' };
    expect((await api.statement(python, 'own')).body.result?.trim()).toBe(own.appId);
  });

  it('die with their driver, and nothing else does', async () => {
    const running = await api.sql(ENDLESS, { wait: '0s' }, 'own');
    await api.reached(running.body.jobId, 'RUNNING');
    const beside = await api.sql(ENDLESS, { wait: '0s' });
    await api.reached(beside.body.jobId, 'RUNNING');
    process.kill(processOf('700m'), 'SIGKILL');
    const lost = await api.ended(running.body.jobId);
    expect(lost).toMatchObject({ state: 'LOST', error: { code: 'DRIVER_LOST' } });
    expect(lost.error?.message).toContain('SIGKILL');
    await until(async () => (await session('own')).body.state === 'DEAD');
    expect((await session('own')).body.cause).toContain('SIGKILL');
    const gone = await api.call<ProblemBody>('POST', '/api/v1/sessions/own/statements', {
      kind: 'sql',
      code: 'SELECT 1',
    });
    expect([gone.status, gone.body.code]).toEqual([410, 'SESSION_GONE']);
    expect(gone.body.detail).toContain('SIGKILL');
    expect((await api.job(beside.body.jobId)).body.state).toBe('RUNNING');
    await api.cancel(beside.body.jobId);
    expect((await api.ended(beside.body.jobId)).state).toBe('CANCELLED');
    await until(() => processes().length === 0 && foldersLeft().length === 0);
    expect(await drivers()).toEqual({});
  });

  it('that cannot start are DEAD with the reason of Spark, and leave their places', async () => {
    const tooMuch = await open({ sparkConfig: { 'spark.driver.memory': '100g' } });
    expect([400, 503]).toContain(tooMuch.status);
    const short = await open({ sparkConfig: { 'spark.driver.memory': '6g' } });
    expect([short.status, short.body.code]).toEqual([503, 'MEMORY_SHORT']);
    expect(short.body.detail).toMatch(/\d+ MiB are missing/);
    const faulty: Record<string, Record<string, string>> = {
      master: { ...SMALL, 'spark.master': 'spark://127.0.0.1:9' },
      package: { ...SMALL, 'spark.jars.packages': 'com.acme.nowhere:nope:1.0' },
    };
    for (const [sessionId, sparkConfig] of Object.entries(faulty)) {
      expect((await open({ sessionId, sparkConfig })).status).toBe(201);
    }
    const waiting = await api.sql('SELECT 1', { wait: '0s' }, 'package');
    for (const id of Object.keys(faulty)) {
      await until(async () => (await session(id)).body.state === 'DEAD');
    }
    expect((await session('package')).body.cause).toContain('com.acme.nowhere');
    expect((await session('master')).body.cause).toMatch(/master/i);
    expect(await api.ended(waiting.body.jobId)).toMatchObject({
      state: 'FAILED',
      error: { code: 'DRIVER_START_FAILED', message: expect.stringContaining('com.acme.nowhere') },
    });
    await until(() => processes().length === 0 && foldersLeft().length === 0);
  }, 360_000);

  it('are as many as the server allows, however many ask at once, and go while they start', async () => {
    const ids = Array.from({ length: 50 }, (_, n) => `many-${n}`);
    const made = await Promise.all(ids.map((sessionId) => open({ sessionId, sparkConfig: SMALL })));
    const refused = made.filter(({ status }) => status === 429);
    expect(made.filter(({ status }) => status === 201).length).toBe(3);
    expect(refused.length).toBe(47);
    for (const { body, headers } of refused) {
      expect(body.code).toBe('SESSION_LIMIT');
      expect(headers.get('retry-after')).toMatch(/^\d+$/);
    }
    expect((await api.sql('SELECT 1')).body.state).toBe('SUCCESS');
    const [kept] = made.filter(({ status }) => status === 201).map(({ body }) => body.sessionId);
    const waiting = await api.sql('SELECT 1', { wait: '0s' }, kept as string);
    const removed = await Promise.all(ids.map((id) => close(id)));
    expect(removed.filter(({ status }) => status === 204).length).toBe(3);
    expect(removed.filter(({ status }) => status === 404).length).toBe(47);
    expect(await api.ended(waiting.body.jobId)).toMatchObject({
      state: 'CANCELLED',
      error: { code: 'SESSION_DELETED' },
    });
    await until(() => processes().length === 0 && foldersLeft().length === 0);
    expect(await drivers()).toEqual({});
  });
});

describe('a statement with a driver of its own', () => {
  beforeAll(async () => {
    await start({ LIBRA_SESSION_MODE: 'ISOLATED', LIBRA_SESSION_WARM: '1' });
  });
  afterAll(async () => {
    await server?.stop();
    expect(processes()).toEqual([]);
  });

  it('shares it with the next one of the same settings, and it ends when it is idle', async () => {
    await api.sql('CREATE TEMPORARY VIEW mine AS SELECT 42 AS answer');
    const run = (code: string): Promise<{ body: JobBody }> =>
      api.statement({ kind: 'sql', code, sparkConfig: { 'spark.driver.memory': '600m' } });
    const { body: first } = await run('SELECT 1');
    expect(first).toMatchObject({ state: 'SUCCESS', executor: 'driver', waitingFor: null });
    expect(first.result).toContain('[1]');
    expect(first.applicationId).toMatch(/^local-/);
    const { body: second } = await run('SELECT answer FROM mine');
    expect(second.applicationId).toBe(first.applicationId);
    expect(second.error).toMatchObject({
      errorClass: 'TABLE_OR_VIEW_NOT_FOUND',
      hint: expect.stringContaining('no temporary views'),
    });
    expect((await drivers()).dedicated).toBe(1);
    await until(async () => (await drivers()).dedicated === undefined);
  });

  it('a new session takes a driver that stands ready, and the next one is made', async () => {
    await until(async () => (await drivers()).warm === 1);
    // The mode of the server is what a new id gets.
    const first = await api.statement({ kind: 'sql', code: 'SELECT 1' }, 'quick');
    expect(first.body.state).toBe('SUCCESS');
    expect(await reached('quick', 'RUNNING')).toMatchObject({ mode: 'ISOLATED' });
    expect((await session('default')).body.mode).toBe('SHARED');
    await until(async () => (await drivers()).warm === 1);
    expect(await drivers()).toEqual({ isolated: 1, warm: 1 });
  });

  it('a session without state outlives its process, and a job that may retries there', async () => {
    const [running, retried] = await Promise.all([
      api.sql(ENDLESS, { wait: '0s' }, 'quick'),
      api.sql(ENDLESS, { wait: '0s', retry: { maxAttempts: 2, on: ['LOST'] } }, 'quick'),
    ]);
    for (const { body } of [running, retried]) await api.reached(body.jobId, 'RUNNING');
    const before = (await session('quick')).body.appId;
    const pids = processes().filter((pid) => commandOf(pid).includes('ChildMain'));
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    expect(await api.ended(running.body.jobId)).toMatchObject({
      state: 'LOST',
      error: { message: expect.stringContaining('SIGKILL') },
    });
    await until(async () => (await api.job(retried.body.jobId)).body.attempt === 2);
    expect((await api.reached(retried.body.jobId, 'RUNNING')).attempt).toBe(2);
    expect((await reached('quick', 'RUNNING')).appId).not.toBe(before);
    await api.cancel(retried.body.jobId);
    expect((await api.ended(retried.body.jobId)).state).toBe('CANCELLED');
  });

  it('a session that is deleted while jobs run takes them and its process along', async () => {
    const running = await api.sql(ENDLESS, { wait: '0s' }, 'quick');
    await api.reached(running.body.jobId, 'RUNNING');
    const [one, two] = await Promise.all([close('quick'), close('quick')]);
    expect([202, 204]).toContain(one.status);
    expect([202, 204, 404]).toContain(two.status);
    expect(await api.ended(running.body.jobId)).toMatchObject({
      state: 'CANCELLED',
      error: { code: 'SESSION_DELETED' },
    });
    await until(async () => (await drivers()).isolated === undefined);
    expect((await close('quick')).status).toBe(404);
    expect((await session('quick')).status).toBe(404);
  });
});
