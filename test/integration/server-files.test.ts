import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ServerProcess } from '../support/server-process.ts';

let dataDir: string;
const started: ServerProcess[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'libra-files-'));
});
afterEach(async () => {
  for (const server of started.splice(0)) await server.kill();
  rmSync(dataDir, { recursive: true, force: true });
});

const start = async (env: Record<string, string> = {}): Promise<ServerProcess> => {
  const server = await ServerProcess.start({ dataDir, untilListening: true, env });
  started.push(server);
  return server;
};

const onDisk = (): readonly string[] =>
  readdirSync(path.join(dataDir, 'data/files'), { recursive: true }).map(String).sort();

const upload = async (server: ServerProcess, content: Buffer, name: string) => {
  const body = new FormData();
  body.append('file', new Blob([new Uint8Array(content)]), name);
  const answer = await fetch(`${server.url}/api/v1/files`, { method: 'POST', body });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

const submit = async (server: ServerProcess, body: Record<string, unknown>) => {
  const answer = await fetch(`${server.url}/api/v1/sessions/default/statements`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ wait: '0s', ...body }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

describe('files of a real server', () => {
  it('outlive a kill, and half of one does not', async () => {
    const server = await start();
    const content = Buffer.alloc(6 << 20, 'x');
    const { status, body } = await upload(server, content, 'data.csv');
    expect(status).toBe(201);
    const half = request(`${server.url}/api/v1/files`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
    });
    half.on('error', () => {});
    half.write('--b\r\nContent-Disposition: form-data; name="file"; filename="a.py"\r\n\r\n');
    half.write(Buffer.alloc(200_000));
    const whole = [String(body.fileId), `${body.fileId}/data.csv`];
    await expect.poll(() => onDisk().length, { timeout: 60_000 }).toBe(3);
    await server.kill();
    expect(onDisk()).toHaveLength(3);

    const next = await start();
    expect(onDisk()).toEqual(whole);
    const answer = await fetch(`${next.url}/api/v1/files/${body.fileId}`);
    expect(await answer.json()).toEqual(body);
    expect(readFileSync(path.join(dataDir, 'data/files', whole[1] ?? ''))).toEqual(content);
  });

  it('and what may be named: the defaults keep to the data and the working directory', async () => {
    const server = await start();
    writeFileSync(path.join(dataDir, 'job.py'), 'print(1)\n');
    writeFileSync(path.join(dataDir, 'job.jar'), 'no zip\n');
    const python = (filePath: string, more = {}) =>
      submit(server, { kind: 'python-file', filePath, ...more });
    for (const filePath of [
      '../none.py',
      '../../../../etc/passwd',
      '/etc/hostname',
      'file:///etc/hostname',
      path.join(dataDir, 'data/libra.db'),
      path.join(dataDir, 'data/logs'),
    ]) {
      const { status, body } = await python(filePath);
      expect([status, body.code], filePath).toEqual([403, 'FILE_FORBIDDEN']);
      expect(body.detail).toContain(path.join(dataDir, 'data'));
    }
    for (const [body, code] of [
      [{ kind: 'python-file', filePath: 'none.py' }, 'FILE_NOT_USABLE'],
      [{ kind: 'jar', filePath: 'job.jar' }, 'FILE_NOT_USABLE'],
      [{ kind: 'python-file', filePath: 'job.py', args: ['x'.repeat(1 << 20)] }, 'INVALID_REQUEST'],
      [
        { kind: 'python-file', filePath: 'job.py', args: Array(10_000).fill('x') },
        'INVALID_REQUEST',
      ],
    ] as const) {
      const answer = await submit(server, body);
      expect([answer.status, answer.body.code]).toEqual([400, code]);
    }
    const denied = await python('job.py', {
      sparkConfig: { 'spark.driver.extraJavaOptions': '-Dx=y' },
    });
    expect([denied.status, denied.body.code]).toEqual([403, 'SETTING_DENIED']);
    const listed = await fetch(`${server.url}/api/v1/jobs`);
    expect(await listed.json()).toEqual({ items: [], nextCursor: null });
  });
});
