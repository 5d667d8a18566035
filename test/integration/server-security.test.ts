import { createHash } from 'node:crypto';
import http from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { ServerProcess } from '../support/server-process.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const TOKENS = {
  viewer: 'viewer-token-for-tests',
  ana: 'ana-token-for-tests',
  ben: 'ben-token-for-tests',
  operator: 'operator-token-for-tests',
};

let server: ServerProcess;
const as = (name: keyof typeof TOKENS) =>
  new ApiClient(server.url, { authorization: `Bearer ${TOKENS[name]}` });

beforeAll(async () => {
  const token = (name: keyof typeof TOKENS, ...roles: string[]) => ({
    name,
    sha256: sha256(TOKENS[name]),
    roles,
  });
  server = await ServerProcess.start({
    env: {
      LIBRA_SECURITY_TOKENS: JSON.stringify([
        token('viewer', 'viewer'),
        token('ana', 'user'),
        token('ben', 'user'),
        token('operator', 'operator'),
      ]),
      LIBRA_LOGGING_LEVEL: 'debug',
    },
  });
});
afterAll(async () => {
  await server?.stop();
});

describe('with tokens', () => {
  it('nothing is answered without one, save health', async () => {
    const nobody = new ApiClient(server.url);
    const refused = await nobody.sql('SELECT 1');
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('Bearer'),
    ]);
    expect(
      (await new ApiClient(server.url, { authorization: 'Bearer wrong' }).get('/api/v1/jobs'))
        .status,
    ).toBe(401);
    const health = await nobody.get<Record<string, unknown>>('/actuator/health');
    expect([health.status, health.body]).toEqual([200, { status: 'UP' }]);
  });

  it('a job belongs to who made it', async () => {
    const { body } = await as('ana').sql('SELECT 1');
    expect(body.owner).toBe('ana');
    expect((await as('ben').job(body.jobId)).status).toBe(404);
    expect((await as('ben').cancel(body.jobId)).status).toBe(404);
    expect((await as('ben').get(`/api/v1/jobs/${body.jobId}/result`)).status).toBe(404);
    expect((await as('operator').job(body.jobId)).status).toBe(200);
    const mine = await as('ben').get<{ items: unknown[] }>('/api/v1/jobs');
    expect(mine.body.items).toEqual([]);
  });

  it('a session belongs to who made it, the default one to all', async () => {
    await as('ana').sql('SELECT 1', {}, 'ana-only');
    expect((await as('ben').sql('SELECT 1', {}, 'ana-only')).status).toBe(404);
    expect((await as('ben').get('/api/v1/sessions/ana-only')).status).toBe(404);
    expect((await as('ben').sql('SELECT 1')).status).toBe(200);
  });

  it('a viewer runs nothing', async () => {
    expect((await as('viewer').sql('SELECT 1')).status).toBe(403);
    expect((await as('viewer').get('/api/v1/sessions')).status).toBe(200);
  });

  it('no token, secret or parameter value is ever printed, and requests can be followed by id', async () => {
    const { body, headers } = await as('ana').sql('SELECT :p', {
      parameters: { p: 'parameter-value-x1' },
    });
    await as('ana').sql('SELECT 1', {
      sparkConfig: { 'spark.sql.my.password': 'secret-value-x2' },
    });
    await server.waitForLog((line) => line.jobId === body.jobId, 'the job was logged');
    expect(headers.get('x-request-id')).toMatch(/\S/);
    for (const secret of [...Object.values(TOKENS), 'parameter-value-x1', 'secret-value-x2']) {
      expect(server.output).not.toContain(secret);
    }
    expect(server.logLines.some((line) => line.requestId === headers.get('x-request-id'))).toBe(
      true,
    );
  });
});

describe('without tokens', () => {
  it('answers loopback names only, and no page of another site', async () => {
    const open = await ServerProcess.start({ untilListening: true });
    try {
      const send = (headers: Record<string, string>) =>
        new Promise<number>((resolve, reject) => {
          const target = new URL(`${open.url}/api/v1/pools`);
          http
            .get(
              { host: target.hostname, port: target.port, path: target.pathname, headers },
              (response) => {
                response.resume();
                resolve(response.statusCode ?? 0);
              },
            )
            .on('error', reject);
        });
      expect(await send({})).toBe(200);
      expect(await send({ host: 'localhost:8080' })).toBe(200);
      expect(await send({ host: 'rebound.example:8080' })).toBe(403);
      expect(await send({ origin: 'https://elsewhere.example' })).toBe(403);
    } finally {
      await open.stop();
    }
  });
});
