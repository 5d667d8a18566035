import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Role } from '../../src/domain/identity.ts';
import { testApp } from '../support/http-app.ts';
import { aJob, aPoolView, aSessionView, JOB_ID, standIns } from '../support/http-services.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const NOW = Date.parse('2025-11-03T10:00:00Z');
const token = (name: string, roles: readonly Role[], expiresAt: number | null = null) => ({
  name,
  sha256: sha256(`${name}-token`),
  roles,
  expiresAt,
});
const TOKENS = [
  token('viewer', ['viewer']),
  token('user', ['user']),
  token('operator', ['operator']),
  token('admin', ['admin']),
  token('nobody', []),
  token('late', ['admin'], NOW),
  token('lasting', ['user'], NOW + 1),
];

const seen: string[] = [];
const guarded = () =>
  testApp(
    standIns({
      jobs: {
        submit: async ({ identity }) => {
          seen.push(identity.name);
          return { job: aJob({ owner: identity.name }), replayed: false };
        },
        get: async () => aJob(),
        list: async () => ({ items: [], nextCursor: null }),
        cancel: async () => ({ job: aJob(), accepted: false }),
        remove: async () => {},
      },
      sessions: {
        list: async () => [],
        get: async () => aSessionView(),
        create: async () => ({ view: aSessionView(), replayed: false }),
        remove: async () => ({ ended: true }),
      },
      pools: {
        put: async () => ({ view: aPoolView(), created: true }),
        remove: async () => {},
      },
    }),
    { tokens: TOKENS, now: () => NOW },
  );

const bearer = (name: string) => ({ authorization: `Bearer ${name}-token` });

describe('with tokens', () => {
  it.each([
    ['nothing', {}],
    ['another scheme', { authorization: 'Basic dXNlcjp1c2Vy' }],
    ['no token', { authorization: 'Bearer ' }],
    ['an unknown token', { authorization: 'Bearer wrong' }],
    ['the hash instead of the token', { authorization: `Bearer ${sha256('user-token')}` }],
    ['an expired token', bearer('late')],
    ['a token in the query', {}, '?access_token=user-token'],
  ])('%s is a 401 that says how to come in', async (_what, headers, query = '') => {
    const t = guarded();
    const answer = await t.app.inject({ url: `/api/v1/jobs${query}`, headers });
    expect([answer.statusCode, answer.json().code]).toEqual([401, 'UNAUTHENTICATED']);
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="libra"/);
    expect(answer.headers['www-authenticate']?.includes('invalid_token')).toBe(
      /wrong|token$|[0-9a-f]{64}/.test((headers as Record<string, string>).authorization ?? ''),
    );
    expect(t.contractFaults).toEqual([]);
    expect(t.log()).not.toContain('-token');
  });

  it('a token that lasts is known by name, in either case of the scheme', async () => {
    const t = guarded();
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const answer = await t.app.inject({
        method: 'POST',
        url: '/api/v1/sessions/default/statements',
        payload: { kind: 'sql', code: 'SELECT 1' },
        headers: { authorization: `${scheme} lasting-token` },
      });
      expect([answer.statusCode, answer.json().owner]).toEqual([200, 'lasting']);
    }
    expect(seen.splice(0)).toEqual(['lasting', 'lasting', 'lasting']);
    expect(t.lines.find((line) => line.msg === 'request')).toMatchObject({ caller: 'lasting' });
  });

  const statement = { kind: 'sql', code: 'SELECT 1' };
  const pool = { schedulingMode: 'FAIR', weight: 1, minShare: 0 };
  it.each([
    ['GET', '/api/v1/jobs', null, 'viewer'],
    ['GET', `/api/v1/jobs/${JOB_ID}`, null, 'viewer'],
    ['GET', '/api/v1/sessions', null, 'viewer'],
    ['GET', '/api/v1/pools', null, 'viewer'],
    ['GET', '/actuator/info', null, 'viewer'],
    ['GET', '/actuator/metrics', null, 'viewer'],
    ['GET', '/actuator/prometheus', null, 'viewer'],
    ['POST', '/api/v1/sessions/default/statements', statement, 'user'],
    ['POST', `/api/v1/jobs/${JOB_ID}/cancel`, {}, 'user'],
    ['DELETE', `/api/v1/jobs/${JOB_ID}`, null, 'user'],
    ['POST', '/api/v1/sessions', {}, 'user'],
    ['DELETE', '/api/v1/sessions/etl', null, 'user'],
    ['PUT', '/api/v1/pools/etl', pool, 'admin'],
    ['DELETE', '/api/v1/pools/etl', null, 'admin'],
  ] as const)('%s %s needs its role', async (method, url, payload, least) => {
    const t = guarded();
    const ranks = ['nobody', 'viewer', 'user', 'operator', 'admin'];
    for (const name of ranks) {
      const answer = await t.app.inject({
        method,
        url,
        headers: bearer(name),
        ...(payload === null ? {} : { payload }),
      });
      const allowed = ranks.indexOf(name) >= ranks.indexOf(least);
      expect([name, answer.statusCode < 300]).toEqual([name, allowed]);
      if (!allowed) {
        expect([answer.statusCode, answer.json().code]).toEqual([403, 'FORBIDDEN']);
        expect(answer.json().detail).toContain(least);
        expect(answer.headers['www-authenticate']).toContain('insufficient_scope');
      }
    }
    expect(t.contractFaults).toEqual([]);
  });

  it('every operation says who may call it', async () => {
    const { app } = guarded();
    await app.ready();
    const document = app.swagger() as unknown as {
      paths: Record<string, Record<string, { description?: string; security: unknown[] }>>;
    };
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, { description = '', security }] of Object.entries(methods)) {
        const said = security.length === 0 || /Role: `(viewer|user|admin)`/.test(description);
        expect(said, `${method} ${path}`).toBe(true);
      }
    }
  });

  it('health answers anybody with the status alone, and insiders with more', async () => {
    const t = guarded();
    const bodies = async (headers = {}) =>
      Promise.all(
        ['/actuator/health', '/api/v1/health', '/actuator/health/readiness'].map(async (url) =>
          (await t.app.inject({ url, headers })).json(),
        ),
      );
    const status = { status: 'UP' };
    expect(await bodies()).toEqual([status, status, status]);
    expect(await bodies({ authorization: 'Bearer wrong' })).toEqual([status, status, status]);
    expect(await bodies({ host: 'probe.internal' })).toEqual([status, status, status]);
    const [health, short] = await bodies(bearer('viewer'));
    expect(health.components.diskSpace).toEqual({ status: 'UP', details: { freeBytes: 1 } });
    expect(short).toEqual({ status: 'UP', activeSessions: 1, version: '1.2.3' });
    expect(t.contractFaults).toEqual([]);
  });

  it('the description of the interface needs none, nor does what is not there', async () => {
    const { app } = guarded();
    for (const url of ['/openapi.json', '/swagger-ui/', '/actuator']) {
      expect((await app.inject({ url })).statusCode).toBe(200);
    }
    expect((await app.inject({ url: '/nope' })).statusCode).toBe(404);
    expect((await app.inject({ method: 'PUT', url: '/api/v1/jobs' })).statusCode).toBe(405);
  });

  it('neither Host nor Origin matters: no page can send a token', async () => {
    const { app } = guarded();
    const headers = {
      ...bearer('user'),
      host: 'libra.example.org',
      origin: 'https://elsewhere.example',
    };
    expect((await app.inject({ url: '/api/v1/jobs', headers })).statusCode).toBe(200);
  });
});
