import { describe, expect, it } from 'vitest';
import { testApp } from '../support/http-app.ts';
import { acceptingAll, standIns } from '../support/http-services.ts';

const STATEMENTS = '/api/v1/sessions/default/statements';
const SQL = JSON.stringify({ kind: 'sql', code: 'SELECT 1' });

const send = async (payload: string | Buffer, headers: Record<string, string>) => {
  const { services, submitted } = acceptingAll();
  const t = testApp(services);
  const answer = await t.app.inject({ method: 'POST', url: STATEMENTS, payload, headers });
  return { answer, submitted, t };
};

const problemOf = (answer: { statusCode: number; headers: object; json: () => unknown }) => {
  expect(answer.headers).toMatchObject({ 'content-type': 'application/problem+json' });
  const problem = answer.json() as Record<string, unknown>;
  expect(problem.status).toBe(answer.statusCode);
  expect(problem).toMatchObject({
    type: expect.stringMatching(/^urn:libra:problem:/),
    title: expect.any(String),
    detail: expect.any(String),
    instance: expect.any(String),
    errors: expect.any(Array),
    requestId: (answer.headers as Record<string, string>)['x-request-id'],
  });
  return [answer.statusCode, problem.code as string, problem.detail as string] as const;
};

describe('a body', () => {
  it.each([
    ['application/json'],
    ['application/json; charset=utf-8'],
    ['application/vnd.libra+json'],
    ['application/x-www-form-urlencoded'],
  ])('of JSON is read when it calls itself %s', async (type) => {
    const { answer, submitted } = await send(SQL, { 'content-type': type });
    expect([answer.statusCode, submitted.length]).toEqual([200, 1]);
  });

  it('of JSON is read when it has no content type at all', async () => {
    const { services, submitted } = acceptingAll();
    const { app } = testApp(services);
    const answer = await app.inject({
      method: 'POST',
      url: STATEMENTS,
      payload: Buffer.from(SQL),
      headers: { 'content-length': String(SQL.length) },
    });
    expect([answer.statusCode, submitted.length]).toEqual([200, 1]);
  });

  it.each(['{"kind":', '{kind: "sql"}', 'SELECT 1', '{"a":1}}'])(
    'that does not parse is a 400: %s',
    async (payload) => {
      const { answer, submitted, t } = await send(payload, { 'content-type': 'application/json' });
      const [status, code, detail] = problemOf(answer);
      expect([status, code]).toEqual([400, 'BAD_JSON']);
      expect(detail).toMatch(/JSON/);
      expect(submitted).toEqual([]);
      expect(t.contractFaults).toEqual([]);
    },
  );

  it('that would change prototypes is a 400', async () => {
    const payload = '{"kind":"sql","code":"SELECT 1","tags":{"__proto__":{"a":"b"}}}';
    const { answer } = await send(payload, { 'content-type': 'application/json' });
    expect(problemOf(answer).slice(0, 2)).toEqual([400, 'BAD_JSON']);
  });

  it.each([
    ['text/plain', SQL],
    ['application/xml', '<a/>'],
    ['multipart/form-data; boundary=x', '--x--'],
    ['nonsense', SQL],
    ['application/x-www-form-urlencoded', 'kind=sql&code=SELECT+1'],
  ])('of type %s is a 415 that says what to send', async (type, payload) => {
    const { answer, submitted, t } = await send(payload, { 'content-type': type });
    const [status, code, detail] = problemOf(answer);
    expect([status, code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    expect(detail).toContain('application/json');
    expect(submitted).toEqual([]);
    expect(t.contractFaults).toEqual([]);
  });

  it('that is compressed is a 415', async () => {
    const { answer } = await send(SQL, {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
    });
    expect(problemOf(answer).slice(0, 2)).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  it('over the limit is a 413, and no job', async () => {
    const large = JSON.stringify({ kind: 'sql', code: `SELECT '${'x'.repeat(70_000)}'` });
    const { answer, submitted, t } = await send(large, { 'content-type': 'application/json' });
    expect(problemOf(answer).slice(0, 2)).toEqual([413, 'BODY_TOO_LARGE']);
    expect(submitted).toEqual([]);
    expect(t.contractFaults).toEqual([]);
  });

  it('may be missing with a JSON content type on GET and DELETE', async () => {
    const removed: string[] = [];
    const { app } = testApp(
      standIns({
        sessions: {
          list: async () => [],
          remove: async (_who, id) => ({ ended: removed.push(id) > 0 }),
        },
      }),
    );
    const headers = { 'content-type': 'application/json' };
    expect((await app.inject({ url: '/api/v1/sessions', headers })).statusCode).toBe(200);
    const gone = await app.inject({ method: 'DELETE', url: '/api/v1/sessions/etl', headers });
    expect([gone.statusCode, gone.body, removed]).toEqual([204, '', ['etl']]);
  });
});

describe('a path', () => {
  it.each(['/nope', '/api/v1', '/api/v2/jobs', '/api/v1/jobs/a/b/c', '/actuator/nope'])(
    'that is not there is a 404 that tells where to look: %s',
    async (url) => {
      const { app } = testApp(standIns());
      const [status, code, detail] = problemOf(await app.inject({ url: `${url}?secret=1` }));
      expect([status, code]).toEqual([404, 'NOT_FOUND']);
      expect(detail).toContain('/openapi.json');
      expect(detail).not.toContain('secret');
    },
  );

  it('is a 404 whatever body comes with it', async () => {
    const { app } = testApp(standIns());
    const answer = await app.inject({ method: 'POST', url: '/nope', payload: '{"broken' });
    expect(problemOf(answer).slice(0, 2)).toEqual([404, 'NOT_FOUND']);
  });

  it('that is no URL is a 400', async () => {
    const { app } = testApp(standIns());
    expect(problemOf(await app.inject({ url: '/api/v1/jobs/%zz' })).slice(0, 2)).toEqual([
      400,
      'INVALID_REQUEST',
    ]);
  });

  it.each([
    ['TRACE', '/api/v1/jobs', 'GET, HEAD, OPTIONS'],
    ['PUT', '/api/v1/sessions', 'GET, HEAD, OPTIONS, POST'],
    ['PATCH', '/api/v1/jobs/x', 'DELETE, GET, HEAD, OPTIONS'],
    ['GET', '/api/v1/jobs/x/cancel', 'OPTIONS, POST'],
    ['PROPFIND', '/actuator/health', 'GET, HEAD, OPTIONS'],
    ['DELETE', '/openapi.json', 'GET, HEAD, OPTIONS'],
  ])('does not know every method: %s %s', async (method, url, allow) => {
    const { app } = testApp(standIns());
    const answer = await app.inject({ method: method as 'GET', url, payload: '' });
    expect(problemOf(answer).slice(0, 2)).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(answer.headers.allow).toBe(allow);
  });

  it('says on OPTIONS what it knows, and nothing to other origins', async () => {
    const { app } = testApp(standIns());
    const answer = await app.inject({ method: 'OPTIONS', url: '/api/v1/jobs' });
    expect([answer.statusCode, answer.headers.allow]).toEqual([204, 'GET, HEAD, OPTIONS']);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    expect((await app.inject({ method: 'OPTIONS', url: '/nope' })).statusCode).toBe(404);
  });

  it('answers HEAD like GET, without the body', async () => {
    const { app } = testApp(standIns());
    const get = await app.inject({ url: '/api/v1/pools' });
    const head = await app.inject({ method: 'HEAD', url: '/api/v1/pools' });
    expect([head.statusCode, head.body]).toEqual([200, '']);
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
  });
});

describe('a query', () => {
  it.each([
    ['limit=0', { limit: 'accepts a whole number from 1 to 1000' }],
    ['limit=1001', { limit: 'accepts a whole number from 1 to 1000' }],
    ['limit=ten', { limit: 'accepts a whole number from 1 to 1000' }],
    ['state=DONE', { state: expect.stringContaining('QUEUED, RUNNING, SUCCESS') }],
    ['state=', { state: expect.any(String) }],
    ['kind=sql,scala', { kind: expect.stringContaining('python-file') }],
    ['from=yesterday', { from: expect.stringContaining('RFC 3339') }],
    ['tag==x', { tag: expect.stringContaining('key=value') }],
    ['cursor=', { cursor: expect.stringContaining('nextCursor') }],
    [
      'colour=red',
      { colour: expect.stringContaining('is not known here; accepted are state, kind, sessionId') },
    ],
    ['limit=0&state=X', { limit: expect.any(String), state: expect.any(String) }],
  ])('for jobs is checked: %s', async (query, expected) => {
    const t = testApp(standIns());
    const answer = await t.app.inject({ url: `/api/v1/jobs?${query}` });
    expect(problemOf(answer).slice(0, 2)).toEqual([400, 'INVALID_REQUEST']);
    const errors = answer.json().errors as { field: string; message: string }[];
    expect(Object.fromEntries(errors.map((one) => [one.field, one.message]))).toEqual(expected);
    expect(t.contractFaults).toEqual([]);
  });
});

describe('every answer', () => {
  it('carries headers that keep browsers from making more of it', async () => {
    const { app } = testApp(standIns());
    for (const url of ['/api/v1/pools', '/nope', '/actuator/health']) {
      expect((await app.inject({ url })).headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
    }
  });

  it.each([
    ['abc-123_x.y:z', true],
    ['', false],
    ['with space', false],
    ['x'.repeat(129), false],
    ['a\u00e9', false],
  ])('has a request id: %j is echoed: %s', async (sent, echoed) => {
    const { app } = testApp(standIns());
    const answer = await app.inject({ url: '/nope', headers: { 'x-request-id': sent } });
    const id = answer.headers['x-request-id'];
    expect(id === sent).toBe(echoed);
    expect(id).toMatch(/^[\w.:-]{1,128}$/);
    expect(answer.json().requestId).toBe(id);
  });
});

describe('the access log', () => {
  it('has a line for each request, without query, body or credentials', async () => {
    const { services } = acceptingAll();
    const t = testApp(services);
    await t.app.inject({
      method: 'POST',
      url: `${STATEMENTS}?token=query-secret`,
      payload: { kind: 'sql', code: 'SELECT 1' },
      headers: { authorization: 'Bearer header-secret' },
    });
    await t.app.inject({
      method: 'POST',
      url: STATEMENTS,
      headers: { 'x-request-id': 'r-1', cookie: 'a=cookie-secret' },
      payload: {
        kind: 'sql',
        code: 'SELECT :p, code_text',
        parameters: { p: 'parameter-secret' },
        sparkConfig: { 'spark.my.password': 'config-secret' },
      },
    });
    expect(t.lines.filter((line) => line.msg === 'request')).toMatchObject([
      { operation: 'statements.create', status: 200, path: STATEMENTS },
      {
        requestId: 'r-1',
        operation: 'statements.create',
        method: 'POST',
        path: STATEMENTS,
        status: 200,
        caller: 'anonymous',
        sessionId: 'default',
        jobId: expect.any(String),
        ms: expect.any(Number),
      },
    ]);
    expect(t.log()).not.toMatch(/secret|code_text/);
  });

  it('keeps probes and scrapes for debugging', async () => {
    const t = testApp(standIns());
    await t.app.inject({ url: '/actuator/health/liveness' });
    await t.app.inject({ url: '/api/v1/pools' });
    expect(t.lines.map((line) => [line.operation, line.level])).toEqual([
      ['actuator.liveness', 20],
      ['pools.list', 30],
    ]);
  });
});
