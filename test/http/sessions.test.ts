import { describe, expect, it } from 'vitest';
import { Problem } from '../../src/domain/errors.ts';
import { testApp } from '../support/http-app.ts';
import { aSessionView, standIns } from '../support/http-services.ts';

const making = () => {
  const made: unknown[] = [];
  const t = testApp(
    standIns({
      sessions: {
        create: async (_identity, command, idempotency) => {
          made.push({ command, idempotency });
          return { view: aSessionView(), replayed: false };
        },
      },
    }),
  );
  return { t, made };
};
const post = (t: ReturnType<typeof testApp>, payload: object, headers = {}) =>
  t.app.inject({ method: 'POST', url: '/api/v1/sessions', payload, headers });

describe('sessions', () => {
  it('are a bare array', async () => {
    const t = testApp(standIns({ sessions: { list: async () => [aSessionView()] } }));
    const answer = await t.app.inject({ url: '/api/v1/sessions' });
    expect(answer.json()).toEqual([
      {
        sessionId: 'etl',
        appId: 'local-1',
        mode: 'SHARED',
        state: 'RUNNING',
        cause: null,
        master: 'local[2]',
        sparkVersion: '4.0.1',
        createdAt: '2025-11-03T10:00:00.000Z',
        lastActivity: '2025-11-03T10:00:00.000Z',
        activeJobs: 0,
        owner: 'anonymous',
        sparkUiUrl: null,
      },
    ]);
    expect((await t.app.inject({ url: '/api/v1/sessions?limit=1' })).statusCode).toBe(400);
    expect(t.contractFaults).toEqual([]);
  });

  it('are made by POST, with or without wishes', async () => {
    const { t, made } = making();
    const answer = await post(
      t,
      { sessionId: 'etl', mode: 'SHARED', sparkConfig: { a: 5 }, idleTimeout: '300ms' },
      { 'idempotency-key': 'k' },
    );
    expect([answer.statusCode, answer.headers.location]).toEqual([201, '/api/v1/sessions/etl']);
    const bare = await t.app.inject({ method: 'POST', url: '/api/v1/sessions' });
    expect(bare.statusCode).toBe(201);
    expect(made).toEqual([
      {
        command: {
          sessionId: 'etl',
          mode: 'SHARED',
          sparkConfig: { a: '5' },
          idleTimeoutMs: 300,
        },
        idempotency: {
          key: 'k',
          operation: 'sessions.create',
          body: { sessionId: 'etl', mode: 'SHARED', sparkConfig: { a: '5' }, idleTimeout: 300 },
        },
      },
      {
        command: { sessionId: null, mode: null, sparkConfig: {}, idleTimeoutMs: null },
        idempotency: null,
      },
    ]);
    expect(t.contractFaults).toEqual([]);
  });

  it('are not made from what is not accepted', async () => {
    const { t, made } = making();
    const answer = await post(t, { sessionId: '../etc', mode: 'LONELY', idleTimeout: '0s', x: 1 });
    expect(answer.statusCode).toBe(400);
    const errors = answer.json().errors as { field: string; message: string }[];
    expect(Object.fromEntries(errors.map((one) => [one.field, one.message]))).toEqual({
      sessionId: expect.stringContaining('a name'),
      mode: 'accepts one of SHARED, ISOLATED',
      idleTimeout: expect.stringContaining('at least 1ms'),
      x: expect.stringContaining('accepted are sessionId, mode, sparkConfig, idleTimeout'),
    });
    expect(made).toEqual([]);
  });

  it.each([
    ['SESSION_EXISTS', 409],
    ['SESSION_LIMIT', 429],
    ['MEMORY_SHORT', 503],
    ['SERVER_STOPPING', 503],
  ] as const)('are refused with %s as %i', async (code, status) => {
    const t = testApp(
      standIns({
        sessions: {
          create: async () => {
            throw new Problem(code, 'Not now.', { retryAfterSeconds: 3 });
          },
        },
      }),
    );
    const answer = await post(t, {});
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    expect(t.contractFaults).toEqual([]);
  });

  it('can be looked at and ended one by one', async () => {
    const gone: string[] = [];
    const t = testApp(
      standIns({
        sessions: {
          get: async (_identity, id) => {
            if (id !== 'etl') throw new Problem('NOT_FOUND', 'There is no session with this id.');
            return aSessionView();
          },
          remove: async (_identity, id) => {
            if (id === 'default') throw new Problem('SESSION_PROTECTED', 'It stays.');
            gone.push(id);
            return { ended: true };
          },
        },
      }),
    );
    const end = (id: string) => t.app.inject({ method: 'DELETE', url: `/api/v1/sessions/${id}` });
    expect((await t.app.inject({ url: '/api/v1/sessions/etl' })).json().sessionId).toBe('etl');
    expect((await t.app.inject({ url: '/api/v1/sessions/nope' })).statusCode).toBe(404);
    expect((await end('etl')).statusCode).toBe(204);
    expect((await end('default')).statusCode).toBe(409);
    expect(gone).toEqual(['etl']);
    expect(t.contractFaults).toEqual([]);
  });
});

describe('session ids', () => {
  const HOSTILE = [
    '../etc',
    'a/b',
    '...',
    'a.b',
    '-x',
    'a b',
    'a'.repeat(65),
    'a'.repeat(300),
    'ü',
    'p\u0430ypal',
    'a\u200bb',
    'e\u0301',
    'a\u202eb',
    'a\nb',
  ];
  const wrong = (answer: { statusCode: number; json: () => { code: string; errors: unknown } }) => {
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'INVALID_REQUEST']);
    expect(JSON.stringify(answer.json().errors)).toContain('letters, digits, underscores');
  };

  it.each(HOSTILE)('%j is none, wherever it stands', async (id) => {
    const t = testApp(standIns());
    const url = `/api/v1/sessions/${encodeURIComponent(id).replaceAll('.', '%2E')}`;
    wrong(await post(t, { sessionId: id }));
    wrong(await t.app.inject({ url }));
    wrong(await t.app.inject({ method: 'DELETE', url }));
    wrong(await t.app.inject({ url: `${url}/statements` }));
    const payload = { kind: 'sql', code: 'SELECT 1' };
    wrong(await t.app.inject({ method: 'POST', url: `${url}/statements`, payload }));
    expect(t.contractFaults).toEqual([]);
  });
});

describe('the end of a session', () => {
  it('that takes its time is 202', async () => {
    const t = testApp(standIns({ sessions: { remove: async () => ({ ended: false }) } }));
    const answer = await t.app.inject({ method: 'DELETE', url: '/api/v1/sessions/etl' });
    expect([answer.statusCode, answer.body]).toEqual([202, '']);
    expect(t.contractFaults).toEqual([]);
  });

  it('by itself is told with its cause', async () => {
    const dead = aSessionView({ mode: 'ISOLATED', state: 'DEAD', cause: 'no such package' });
    const t = testApp(standIns({ sessions: { get: async () => dead } }));
    const answer = await t.app.inject({ url: '/api/v1/sessions/etl' });
    expect(answer.json()).toMatchObject({
      mode: 'ISOLATED',
      state: 'DEAD',
      cause: 'no such package',
    });
    expect(t.contractFaults).toEqual([]);
  });
});
