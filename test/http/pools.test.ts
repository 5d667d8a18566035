import { describe, expect, it, onTestFinished } from 'vitest';
import { Problem } from '../../src/domain/errors.ts';
import type { Pool } from '../../src/domain/pool.ts';
import { CoreFixture } from '../support/core-fixture.ts';
import { testApp } from '../support/http-app.ts';
import { aPoolView, standIns } from '../support/http-services.ts';

const BODY = { schedulingMode: 'FAIR', weight: 0.5, minShare: 1 };

/** Remembers what it was asked to make. */
const putting = (created = true) => {
  const wanted: Pool[] = [];
  const t = testApp(
    standIns({
      pools: {
        put: async (_, pool) => {
          wanted.push(pool);
          return { view: aPoolView({ ...pool, source: 'API' }), created };
        },
      },
    }),
  );
  const put = (name: string, payload: unknown) =>
    t.app.inject({
      method: 'PUT',
      url: `/api/v1/pools/${name}`,
      headers: { 'content-type': 'application/json' },
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    });
  return { t, wanted, put };
};

describe('pools', () => {
  it('are listed with their load, page by page', async () => {
    const t = testApp(standIns());
    const first = (await t.app.inject({ url: '/api/v1/pools?limit=1' })).json();
    expect(first).toEqual({
      items: [
        {
          name: 'default',
          schedulingMode: 'FAIR',
          weight: 1,
          minShare: 2,
          maxRunning: null,
          maxQueued: null,
          source: 'FILE',
          running: 1,
          queued: 0,
          slotsInUse: 0,
          shareReached: null,
          waitMs: { p50: null, p95: null },
        },
      ],
      nextCursor: 'default',
    });
    const second = (await t.app.inject({ url: '/api/v1/pools?cursor=default' })).json();
    expect(second).toMatchObject({ items: [{ name: 'low-priority' }], nextCursor: null });
    const odd = await t.app.inject({ url: '/api/v1/pools?cursor=nope' });
    expect([odd.statusCode, odd.json().code]).toEqual([400, 'BAD_CURSOR']);
    expect((await t.app.inject({ url: '/api/v1/pools/nope' })).statusCode).toBe(404);
    expect(t.contractFaults).toEqual([]);
  });

  it('are made: 201 with their place, and changed: 200', async () => {
    const { t, wanted, put } = putting();
    const made = await put('etl', { ...BODY, maxRunning: 3, maxQueued: 0 });
    expect([made.statusCode, made.headers.location]).toEqual([201, '/api/v1/pools/etl']);
    expect(made.json()).toMatchObject({ name: 'etl', ...BODY, maxRunning: 3, source: 'API' });
    const open = { name: 'etl', ...BODY, maxRunning: null, maxQueued: null };
    await put('etl', BODY);
    await put('etl', { ...BODY, maxRunning: null, maxQueued: null });
    expect(wanted).toEqual([{ ...open, maxRunning: 3, maxQueued: 0 }, open, open]);
    const changing = putting(false);
    const changed = await changing.put('etl', BODY);
    expect([changed.statusCode, changed.headers.location]).toEqual([200, undefined]);
    expect([...t.contractFaults, ...changing.t.contractFaults]).toEqual([]);
  });

  const weight = /accepts a number above 0 and below 1000000 with two decimal places at most/;
  it.each([
    [{ ...BODY, weight: 0 }, 'weight', weight],
    [{ ...BODY, weight: -1 }, 'weight', weight],
    [{ ...BODY, weight: 'abc' }, 'weight', weight],
    [{ ...BODY, weight: '2' }, 'weight', weight],
    [{ ...BODY, weight: 0.001 }, 'weight', weight],
    [{ ...BODY, weight: 0.125 }, 'weight', weight],
    [{ ...BODY, weight: 1e6 }, 'weight', weight],
    [{ ...BODY, weight: null }, 'weight', weight],
    [{ schedulingMode: 'FAIR', minShare: 0 }, 'weight', /is required; accepts a number above 0/],
    [{ ...BODY, schedulingMode: 'LIFO' }, 'schedulingMode', /accepts one of FAIR, FIFO/],
    [{ ...BODY, schedulingMode: 'fair' }, 'schedulingMode', /accepts one of FAIR, FIFO/],
    [{ weight: 1, minShare: 0 }, 'schedulingMode', /is required/],
    [{ ...BODY, minShare: -1 }, 'minShare', /accepts a whole number from 0 to 1000000/],
    [{ ...BODY, minShare: 0.5 }, 'minShare', /accepts a whole number from 0/],
    [{ schedulingMode: 'FAIR', weight: 1 }, 'minShare', /is required/],
    [{ ...BODY, maxRunning: 0 }, 'maxRunning', /accepts a whole number from 1 to 10000000/],
    [{ ...BODY, maxRunning: 1.5 }, 'maxRunning', /accepts a whole number from 1/],
    [{ ...BODY, maxQueued: -1 }, 'maxQueued', /accepts a whole number from 0/],
    [{ ...BODY, maxQueued: 'many' }, 'maxQueued', /accepts a whole number from 0/],
    [{ ...BODY, color: 'red' }, 'color', /maxRunning/],
    [[BODY], 'body', /accepts an object/],
    [null, 'body', /accepts an object/],
  ])('%j is refused with the rule', async (body, field, rule) => {
    const { t, wanted, put } = putting();
    const answer = await put('etl', body);
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'INVALID_REQUEST']);
    expect(answer.json().errors).toMatchObject([{ field, message: expect.stringMatching(rule) }]);
    expect([wanted, t.contractFaults]).toEqual([[], []]);
  });

  it.each(['-a', '_a', 'a%20b', 'a.b', 'a'.repeat(65), '%3Cx%3E', 'ä'])(
    'the name %s is refused in every path',
    async (name) => {
      const { t, wanted, put } = putting();
      const url = `/api/v1/pools/${encodeURI(decodeURI(name))}`;
      for (const answer of [
        await put(url.slice('/api/v1/pools/'.length), BODY),
        await t.app.inject({ url }),
        await t.app.inject({ method: 'DELETE', url }),
      ]) {
        expect([answer.statusCode, answer.json().errors?.[0]?.field]).toEqual([400, 'name']);
        expect(answer.json().errors[0].message).toMatch(/a letter or digit, then up to 63/);
      }
      expect([wanted, t.contractFaults]).toEqual([[], []]);
    },
  );

  it('are refused as other bodies are', async () => {
    const { t, put } = putting();
    expect((await put('etl', '{')).json().code).toBe('BAD_JSON');
    const xml = await t.app.inject({
      method: 'PUT',
      url: '/api/v1/pools/etl',
      headers: { 'content-type': 'application/xml' },
      payload: '<pool/>',
    });
    expect(xml.statusCode).toBe(415);
    const post = await t.app.inject({ method: 'POST', url: '/api/v1/pools' });
    expect([post.statusCode, post.headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS']);
    const patch = await t.app.inject({ method: 'PATCH', url: '/api/v1/pools/etl' });
    expect([patch.statusCode, patch.headers.allow]).toEqual([
      405,
      'DELETE, GET, HEAD, OPTIONS, PUT',
    ]);
  });

  it('are deleted, or the answer says why not', async () => {
    const removing = (remove: (name: string) => Promise<void>) => {
      const t = testApp(standIns({ pools: { remove: (_, name) => remove(name) } }));
      return { t, answer: t.app.inject({ method: 'DELETE', url: '/api/v1/pools/etl' }) };
    };
    const gone = removing(async () => {});
    expect([(await gone.answer).statusCode, (await gone.answer).body]).toEqual([204, '']);
    for (const [code, status] of [
      ['NOT_FOUND', 404],
      ['POOL_PROTECTED', 409],
      ['POOL_IN_USE', 409],
      ['SERVER_STOPPING', 503],
    ] as const) {
      const { t, answer } = removing(async () => {
        throw new Problem(code, 'So it is.');
      });
      expect([(await answer).statusCode, (await answer).json().code]).toEqual([status, code]);
      expect(t.contractFaults).toEqual([]);
    }
    expect(gone.t.contractFaults).toEqual([]);
  });

  it('over a core: from nothing to 409 and 404, and what a full queue says', async () => {
    const core = await CoreFixture.start({ maxRunning: 4 });
    onTestFinished(() => core.stop());
    const { jobs, pools, sessions, health } = core.core;
    const t = testApp({ ...standIns(), jobs, pools, sessions, health });
    const call = async (method: 'GET' | 'PUT' | 'POST' | 'DELETE', url: string, body?: object) => {
      const answer = await t.app.inject({
        method,
        url: `/api/v1${url}`,
        ...(body === undefined ? {} : { payload: body }),
      });
      return { status: answer.statusCode, headers: answer.headers, body: answer.body };
    };
    expect((await call('PUT', '/pools/etl', { ...BODY, maxRunning: 1, maxQueued: 1 })).status).toBe(
      201,
    );
    const statement = { kind: 'sql', code: 'SELECT 1', pool: 'etl', wait: '0s' };
    const send = () => call('POST', '/sessions/default/statements', statement);
    expect((await send()).status).toBe(202);
    expect(JSON.parse((await send()).body)).toMatchObject({ state: 'QUEUED', waitingFor: 'POOL' });
    const full = await send();
    expect([full.status, full.headers['retry-after'], JSON.parse(full.body)]).toMatchObject([
      429,
      '2',
      { code: 'QUEUE_FULL', detail: expect.stringContaining('"etl"') },
    ]);
    expect(JSON.parse((await call('GET', '/pools/etl')).body)).toMatchObject({
      running: 1,
      queued: 1,
      source: 'API',
    });
    const inUse = await call('DELETE', '/pools/etl');
    expect([inUse.status, JSON.parse(inUse.body).code]).toEqual([409, 'POOL_IN_USE']);
    const byDefault = await call('DELETE', '/pools/default');
    expect([byDefault.status, JSON.parse(byDefault.body).code]).toEqual([409, 'POOL_PROTECTED']);
    expect((await call('DELETE', '/pools/high-priority')).status).toBe(204);
    expect((await call('DELETE', '/pools/high-priority')).status).toBe(404);
    expect((await call('GET', '/pools/high-priority')).status).toBe(404);
    expect((await call('PUT', '/pools/high-priority', BODY)).status).toBe(201);
    expect((await call('PUT', '/pools/high-priority', BODY)).status).toBe(200);
    expect(t.contractFaults).toEqual([]);
  });
});
