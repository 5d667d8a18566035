import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { processesMarked } from '../support/process-tree.ts';
import { type ServerOptions, ServerProcess } from '../support/server-process.ts';

const ENDLESS = 'SELECT count(*) FROM range(10000000000000)';
/** One that leaves every group and session that its server knows. */
const WANDERING = [
  'import subprocess, sys, time',
  'subprocess.Popen(["sleep", "600"])',
  'subprocess.Popen(["sh", "-c", "sleep 600 & sleep 600"], start_new_session=True)',
  'subprocess.Popen([sys.executable, "-c", "import os, time\\nif os.fork() == 0:\\n os.setsid()\\n time.sleep(600)"])',
  'print("on", flush=True)',
  'time.sleep(600)',
].join('\n');

/** The machine may be very busy. */
const LIMIT_MS = 300_000;

let dataDir: string;
const started: ServerProcess[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'libra-supervisor-'));
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

const leftFolders = (): readonly string[] =>
  ['tmp', 'drivers'].flatMap((place) => {
    const folder = path.join(dataDir, 'data', place);
    return existsSync(folder) ? readdirSync(folder) : [];
  });
const leftProcesses = (): readonly number[] =>
  processesMarked(`LIBRA_DRIVER=${path.join(dataDir, 'data')}`);
const nothingLeft = () =>
  expect
    .poll(() => [...leftFolders(), ...leftProcesses()], { timeout: 60_000, interval: 200 })
    .toEqual([]);

/** The server that the supervisor has started after this one. */
const next = async (server: ServerProcess, former: number): Promise<ApiClient> => {
  await server.restarted(former);
  await server.ready();
  return new ApiClient(server.url);
};

describe('a server that is killed', { timeout: LIMIT_MS }, () => {
  it('is started again, says how the last one ended, and settles its jobs with that', async () => {
    const { server, api } = await start();
    const running = await api.sql(ENDLESS, { wait: '0s' });
    await api.reached(running.body.jobId, 'RUNNING');
    const retried = await api.sql(ENDLESS, {
      wait: '0s',
      retry: { maxAttempts: 2, on: ['LOST'] },
    });
    await api.reached(retried.body.jobId, 'RUNNING');
    const former = server.pid;
    process.kill(former, 'SIGKILL');
    const again = await next(server, former);
    expect((await again.job(running.body.jobId)).body).toMatchObject({
      state: 'LOST',
      error: { code: 'DRIVER_LOST', message: expect.stringContaining('SIGKILL') },
    });
    expect((await again.job(retried.body.jobId)).body).toMatchObject({ attempt: 2 });
    expect((await again.sql('SELECT 1')).body.state).toBe('SUCCESS');
    expect(server.output).toMatch(/the server before this one crashed/);
    expect((await server.stop()).code).toBe(0);
    await nothingLeft();
  });

  it('leaves no process and no folder, however far code has gone or whatever is stopped', async () => {
    const { server, api } = await start({ env: { LIBRA_RESTART_LIMIT: '1' } });
    const { body } = await api.statement({ kind: 'python', code: WANDERING, wait: '0s' });
    const log = () => api.get<string>(`/api/v1/jobs/${body.jobId}/logs?stream=stdout`);
    await expect.poll(async () => (await log()).body, { timeout: 60_000 }).toContain('on');
    const before = leftProcesses();
    expect(before.length).toBeGreaterThan(5);
    for (const pid of before) process.kill(pid, 'SIGSTOP');
    process.kill(server.pid, 'SIGKILL');
    expect((await server.exited).code).toBe(137);
    expect(server.output).toContain('is not started again');
    await nothingLeft();
  });

  it('together with its supervisor: the next start clears all of it away', async () => {
    const { server, api } = await start();
    const { body } = await api.statement({ kind: 'python', code: WANDERING, wait: '0s' });
    const log = () => api.get<string>(`/api/v1/jobs/${body.jobId}/logs?stream=stdout`);
    await expect.poll(async () => (await log()).body, { timeout: 60_000 }).toContain('on');
    const before = leftProcesses();
    for (const pid of before) process.kill(pid, 'SIGSTOP');
    const folders = leftFolders();
    await server.kill();
    expect(leftProcesses()).toEqual(before);
    const second = await start({ untilListening: true });
    expect(leftProcesses().filter((pid) => before.includes(pid))).toEqual([]);
    expect(leftFolders().filter((name) => folders.includes(name))).toEqual([]);
    await second.server.stop();
  });
});

describe('a server that does not answer', { timeout: LIMIT_MS }, () => {
  it('is killed and started again when it is stopped', async () => {
    const { server, api } = await start({ env: { LIBRA_RESTART_SILENCE: '3' } });
    const { body } = await api.sql(ENDLESS, { wait: '0s' });
    await api.reached(body.jobId, 'RUNNING');
    const former = server.pid;
    process.kill(former, 'SIGSTOP');
    const again = await next(server, former);
    expect((await again.job(body.jobId)).body).toMatchObject({
      state: 'LOST',
      error: { code: 'DRIVER_LOST', message: expect.stringContaining('did not answer for 3 s') },
    });
    await server.kill();
  });
});

describe('the supervisor', { timeout: LIMIT_MS }, () => {
  it('when it is killed, takes the server along in order, and a later start works', async () => {
    const { server } = await start({ untilListening: true });
    const { pid } = server;
    process.kill(server.supervisor, 'SIGKILL');
    await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 60_000 }).toBe(false);
    expect(server.output).toContain('the supervisor is gone');
    const { api } = await start();
    expect((await api.sql('SELECT 1')).body.state).toBe('SUCCESS');
  });

  it('gives up on a server that crashes again and again, with the last cause', async () => {
    const { server } = await start({
      untilListening: true,
      env: { LIBRA_RESTART_DELAY: '0', LIBRA_RESTART_LIMIT: '3' },
    });
    for (let crash = 0; crash < 3; crash += 1) {
      const { pid } = server;
      process.kill(pid, 'SIGABRT');
      if (crash < 2) await server.restarted(pid);
    }
    expect((await server.exited).code).toBe(134);
    expect(server.output).toMatch(/ended 3 times.*not started again.*SIGABRT/);
    await nothingLeft();
  });

  it('does not start again what has ended in order', async () => {
    const { server } = await start({ untilListening: true });
    process.kill(server.pid, 'SIGTERM');
    expect((await server.exited).code).toBe(0);
    expect(readFileSync(path.join(dataDir, 'data', 'server.json'), 'utf8')).toBeTruthy();
    await nothingLeft();
  });
});

describe('an embedded driver that is not whole any more', { timeout: LIMIT_MS }, () => {
  const lostBy = async (code: string, cause: RegExp) => {
    const { server, api } = await start({
      env: { SPARK_CONFIG: '{"spark.driver.memory":"512m"}' },
    });
    const former = server.pid;
    const running = await api.sql(ENDLESS, { wait: '0s' });
    await api.reached(running.body.jobId, 'RUNNING');
    await api.statement({ kind: 'python', code, wait: '0s' });
    const again = await next(server, former);
    expect((await again.job(running.body.jobId)).body).toMatchObject({
      state: 'LOST',
      error: { code: 'DRIVER_LOST', message: expect.stringMatching(cause) },
    });
    expect((await again.sql('SELECT count(*) FROM range(10)')).body.state).toBe('SUCCESS');
    expect(server.output).toMatch(cause);
    return server;
  };

  it('ends with its server when one of its threads has died', async () => {
    const kill = [
      'for thread in sc._jvm.java.lang.Thread.getAllStackTraces().keySet():',
      '    if thread.getName() == "libra-watch": thread.stop()',
    ].join('\n');
    const server = await lostBy(kill, /thread libra-watch of its JVM has died/);
    await server.kill();
  });

  it('ends with its server when the heap stays full', async () => {
    const fill = [
      'kept, size, count = sc._jvm.java.lang.System.getProperties(), 16 << 20, 0',
      'while size > 64:',
      '    try:',
      '        kept.put(f"kept-{count}", sc._jvm.java.nio.ByteBuffer.allocate(size))',
      '        count += 1',
      '    except Exception: size //= 2',
    ].join('\n');
    // Which of its threads finds no memory first is chance.
    const server = await lostBy(fill, /memory|heap of its JVM stays full|did not answer/);
    await server.kill();
  });

  it('that ends the process is told of to its jobs', async () => {
    const server = await lostBy(
      'sc._jvm.java.lang.Runtime.getRuntime().halt(52)',
      /exited with 52: out of memory/,
    );
    await server.kill();
  });
});
