import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { buildOnce } from '../support/build-once.ts';
import { ServerProcess } from '../support/server-process.ts';

const run = promisify(execFile);
const BIN = path.resolve(import.meta.dirname, '../../bin/libra');

/** The processes whose command line holds the text. */
const running = (text: string): readonly string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text);
    } catch {
      return false;
    }
  });

const exists = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

let dataDir: string;
beforeAll(async () => {
  await buildOnce();
  dataDir = mkdtempSync(path.join(tmpdir(), 'libra-python-'));
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

describe('python over HTTP', () => {
  let server: ServerProcess;
  let api: ApiClient;
  beforeAll(async () => {
    const env = { LIBRA_JOBS_MAX_QUEUED: '100' };
    server = await ServerProcess.start({ dataDir, env });
    api = new ApiClient(server.url);
  });
  afterAll(() => server.kill());

  it('answers with the output, and keeps the streams', async () => {
    const code = 'import sys\nprint("out")\nprint("err", file=sys.stderr)';
    const { body } = await api.statement({ kind: 'python', code });
    expect(body).toMatchObject({ state: 'SUCCESS', executor: 'embedded', result: 'out\n' });
    const log = (stream: string) =>
      api.get<string>(`/api/v1/jobs/${body.jobId}/logs?stream=${stream}`);
    expect((await log('stdout')).body).toBe('out\n');
    expect((await log('stderr')).body).toContain('err\n');
  });

  it('serves the rows that are displayed', async () => {
    const code = 'display(spark.range(3))';
    const { body } = await api.statement({ kind: 'python', code });
    expect(body).toMatchObject({ state: 'SUCCESS', rowCount: 3, schema: [{ name: 'id' }] });
    const rows = await api.get<{ rows: unknown[] }>(`/api/v1/jobs/${body.jobId}/result`, {
      accept: 'application/json',
    });
    expect(rows.body.rows).toEqual([['0'], ['1'], ['2']]);
  });

  it('places what does not parse', async () => {
    const { status, body } = await api.statement({ kind: 'python', code: 'x = 1\nx = = 2' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      state: 'FAILED',
      error: { code: 'PROGRAM_SYNTAX', position: { line: 2, column: 5, fragment: 'x = = 2' } },
    });
  });

  it('runs the statements of a context one after another', async () => {
    const all = ['x = 1', 'import time\ntime.sleep(0.3)\nx = x * 10', 'x + 5'].map((code) =>
      api.statement({ kind: 'python', code, context: 'notebook' }),
    );
    // Sent together: their order is that in which they arrived.
    const states = (await Promise.all(all)).map((answer) => answer.body.state);
    expect(states).toHaveLength(3);
    const last = await api.statement({ kind: 'python', code: 'x', context: 'notebook' });
    expect(last.body.result).toMatch(/^\d+\n$/);
  });

  it('shows neither jobs nor the workers of functions the environment of the server', async () => {
    const code = [
      'import os',
      'from pyspark.sql.functions import udf',
      'own = sorted(n for n in os.environ if n.startswith("LIBRA_"))',
      'theirs = spark.range(1).select(udf(lambda _: ",".join(n for n in os.environ if n.startswith("LIBRA_")))("id")).first()[0]',
      'print(own, [theirs])',
    ].join('\n');
    // Those by which what outlives the server or its driver is found.
    const { body } = await api.statement({ kind: 'python', code });
    expect(body.result).toBe("['LIBRA_DRIVER', 'LIBRA_PYTHON'] ['LIBRA_DRIVER']\n");
  });

  it('leaves no process when the server is killed', async () => {
    const code =
      'import os, subprocess\nprint(subprocess.Popen(["sleep", "600"], start_new_session=True).pid)\nimport time\ntime.sleep(600)';
    const { body } = await api.statement({ kind: 'python', code, wait: '0s' });
    const stdout = () => api.get<string>(`/api/v1/jobs/${body.jobId}/logs?stream=stdout`);
    await expect.poll(async () => (await stdout()).body, { timeout: 30_000 }).toMatch(/\d+\n/);
    const child = Number((await stdout()).body);
    // The way to their socket lies in the data directory.
    expect(running(dataDir).length).toBeGreaterThan(1);
    await server.kill();
    await expect
      .poll(() => [...running(dataDir), ...(exists(child) ? [child] : [])], { timeout: 10_000 })
      .toEqual([]);
  });
});

describe('a start', () => {
  it('stops when the Python that was named does not do, and says why', async () => {
    const failed = await run(BIN, ['serve'], {
      cwd: dataDir,
      env: {
        ...process.env,
        LIBRA_SETUP: 'skip',
        LIBRA_DATA_DIR: path.join(dataDir, 'other'),
        LIBRA_LOGGING_FORMAT: 'json',
        LIBRA_PYTHON_PACKAGES: 'no_such_package',
        SERVER_PORT: '0',
      },
    }).catch((error: { code: number; stdout: string; stderr: string }) => error);
    expect(failed).toMatchObject({ code: 78 });
    expect(`${failed.stdout}${failed.stderr}`).toMatch(
      /package no_such_package: ModuleNotFoundError.*libra\.python\.packages/,
    );
  });
});
