import { describe, expect, it } from 'vitest';
import { Problem } from '../../src/domain/errors.ts';
import type { JobFilter } from '../../src/domain/job.ts';
import { testApp } from '../support/http-app.ts';
import { aJob, aRunningJob, JOB_ID, standIns } from '../support/http-services.ts';

const JOB = `/api/v1/jobs/${JOB_ID}`;
const notFound = new Problem('NOT_FOUND', 'There is no job with this id.');

describe('the list of jobs', () => {
  const listing = () => {
    const asked: { filter: JobFilter; limit: number; cursor: string | null }[] = [];
    const services = standIns({
      jobs: {
        list: async (_identity, filter, limit, cursor) => {
          asked.push({ filter, limit, cursor });
          return { items: [aJob()], nextCursor: 'next' };
        },
      },
    });
    return { t: testApp(services), asked };
  };

  it('hands every filter on', async () => {
    const { t, asked } = listing();
    const query =
      'state=QUEUED,RUNNING&state=LOST&kind=sql&sessionId=s&pool=p&name=n&owner=o' +
      '&tag=team&tag=env%3Dprod%3D1&from=2025-11-03T10:00:00Z&to=2025-11-03T12:00:00%2B01:00' +
      '&limit=7&cursor=abc';
    const answer = await t.app.inject({ url: `/api/v1/jobs?${query}` });
    expect(answer.statusCode).toBe(200);
    expect(asked).toEqual([
      {
        limit: 7,
        cursor: 'abc',
        filter: {
          states: ['QUEUED', 'RUNNING', 'LOST'],
          kinds: ['sql'],
          sessionId: 's',
          pool: 'p',
          name: 'n',
          owner: 'o',
          tags: [
            { key: 'team', value: null },
            { key: 'env', value: 'prod=1' },
          ],
          from: Date.parse('2025-11-03T10:00:00Z'),
          to: Date.parse('2025-11-03T11:00:00Z'),
        },
      },
    ]);
    expect(t.contractFaults).toEqual([]);
  });

  it('has fifty on a page, without text or result', async () => {
    const { t, asked } = listing();
    const { items, nextCursor } = (await t.app.inject({ url: '/api/v1/jobs' })).json();
    expect(asked).toEqual([{ filter: {}, limit: 50, cursor: null }]);
    expect(nextCursor).toBe('next');
    expect(items[0]).toMatchObject({ jobId: JOB_ID, state: 'SUCCESS', rowCount: 1 });
    for (const left of ['result', 'schema', 'code']) expect(items[0]).not.toHaveProperty(left);
  });

  it('knows its own cursors', async () => {
    const t = testApp(
      standIns({
        jobs: {
          list: async () => {
            throw new Problem('BAD_CURSOR', 'This cursor is not one of this list.');
          },
        },
      }),
    );
    const answer = await t.app.inject({ url: '/api/v1/jobs?cursor=nonsense' });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'BAD_CURSOR']);
    expect(t.contractFaults).toEqual([]);
  });

  it('of a session is empty for one that ran nothing, and a 404 for an unknown one', async () => {
    const services = standIns({
      jobs: { list: async () => ({ items: [], nextCursor: null }) },
      sessions: {
        get: async () => {
          throw new Problem('NOT_FOUND', 'There is no session with this id.');
        },
      },
    });
    const t = testApp(services);
    expect((await t.app.inject({ url: '/api/v1/sessions/nope/statements' })).statusCode).toBe(404);
    const past = await t.app.inject({ url: '/api/v1/sessions/nope/statements?cursor=c' });
    expect([past.statusCode, past.json().items]).toEqual([200, []]);
    expect(t.contractFaults).toEqual([]);
  });
});

describe('a job', () => {
  it('is answered at once, or when it has ended with wait', async () => {
    const waits: number[] = [];
    const t = testApp(
      standIns({
        jobs: {
          get: async () => aRunningJob(),
          awaitEnd: async (_identity, _id, waitMs) => {
            waits.push(waitMs);
            return aJob();
          },
        },
      }),
    );
    expect((await t.app.inject({ url: JOB })).json().state).toBe('RUNNING');
    expect(waits).toEqual([]);
    expect((await t.app.inject({ url: `${JOB}?wait=30s` })).json().state).toBe('SUCCESS');
    expect(waits).toEqual([30_000]);
    expect((await t.app.inject({ url: `${JOB}?wait=11m` })).statusCode).toBe(400);
    expect(t.contractFaults).toEqual([]);
  });

  it.each(['nope', '0193a5c8', `${'x'.repeat(400)}`, '..%2F..%2Fetc%2Fpasswd'])(
    'with an id that cannot be one is unknown: %s',
    async (id) => {
      const t = testApp(standIns());
      for (const [method, path] of [
        ['GET', ''],
        ['DELETE', ''],
        ['POST', '/cancel'],
        ['POST', '/rerun'],
        ['GET', '/result'],
        ['GET', '/logs'],
        ['GET', '/events'],
      ] as const) {
        const answer = await t.app.inject({ method, url: `/api/v1/jobs/${id}${path}` });
        expect([path, answer.statusCode, answer.json().code]).toEqual([path, 404, 'NOT_FOUND']);
      }
      expect(t.contractFaults).toEqual([]);
    },
  );

  it('that is unknown or of somebody else is a 404 everywhere', async () => {
    const no = async (): Promise<never> => {
      throw notFound;
    };
    const t = testApp(
      standIns({
        jobs: { get: no, cancel: no, remove: no, rerun: no, logs: no, events: no },
        results: { read: no },
      }),
    );
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/cancel'],
      ['POST', '/rerun'],
      ['GET', '/result'],
      ['GET', '/logs'],
      ['GET', '/events'],
    ] as const) {
      const answer = await t.app.inject({ method, url: JOB + path });
      expect([path, answer.statusCode]).toEqual([path, 404]);
    }
    expect(t.contractFaults).toEqual([]);
  });

  it('is cancelled with 202, or 200 when it had ended', async () => {
    const causes: string[] = [];
    const answering = (accepted: boolean) =>
      testApp(
        standIns({
          jobs: {
            cancel: async (_identity, _id, cause) => {
              causes.push(cause);
              return { job: accepted ? aRunningJob() : aJob(), accepted };
            },
          },
        }),
      );
    const going = answering(true);
    const asked = await going.app.inject({ method: 'POST', url: `${JOB}/cancel` });
    expect([asked.statusCode, asked.json().state, asked.headers.location]).toEqual([
      202,
      'RUNNING',
      JOB,
    ]);
    const ended = answering(false);
    const late = await ended.app.inject({ method: 'POST', url: `${JOB}/cancel`, payload: {} });
    expect([late.statusCode, late.json().state]).toEqual([200, 'SUCCESS']);
    expect(causes).toEqual(['asked for by anonymous', 'asked for by anonymous']);
    const odd = await ended.app.inject({ method: 'POST', url: `${JOB}/cancel`, payload: { a: 1 } });
    expect([odd.statusCode, odd.json().errors[0].field]).toEqual([400, 'a']);
    expect([...going.contractFaults, ...ended.contractFaults]).toEqual([]);
  });

  it('is removed with 204, and stays with 409 while it is active', async () => {
    let active = true;
    const t = testApp(
      standIns({
        jobs: {
          remove: async () => {
            if (active) throw new Problem('JOB_ACTIVE', 'The job has not ended.');
          },
        },
      }),
    );
    expect((await t.app.inject({ method: 'DELETE', url: JOB })).statusCode).toBe(409);
    active = false;
    const gone = await t.app.inject({ method: 'DELETE', url: JOB });
    expect([gone.statusCode, gone.body, gone.headers['content-type']]).toEqual([
      204,
      '',
      undefined,
    ]);
    expect(t.contractFaults).toEqual([]);
  });

  it('runs again, with the settings that the body supplies', async () => {
    const calls: unknown[] = [];
    const t = testApp(
      standIns({
        jobs: {
          rerun: async (_identity, id, overrides, requestId, idempotency) => {
            calls.push({ id, overrides, requestId, idempotency });
            return { job: aRunningJob(), replayed: idempotency !== null };
          },
        },
      }),
    );
    const plain = await t.app.inject({
      method: 'POST',
      url: `${JOB}/rerun`,
      headers: { 'x-request-id': 'r1' },
    });
    expect([plain.statusCode, plain.headers.location]).toEqual([202, JOB]);
    expect(plain.headers).not.toHaveProperty('idempotent-replayed');
    const keyed = await t.app.inject({
      method: 'POST',
      url: `${JOB}/rerun`,
      payload: { sparkConfig: { 'a.secret': 1 } },
      headers: { 'idempotency-key': 'k', 'x-request-id': 'r2' },
    });
    expect(keyed.headers['idempotent-replayed']).toBe('true');
    expect(calls).toEqual([
      { id: JOB_ID, overrides: { sparkConfig: null }, requestId: 'r1', idempotency: null },
      {
        id: JOB_ID,
        overrides: { sparkConfig: { 'a.secret': '1' } },
        requestId: 'r2',
        idempotency: {
          key: 'k',
          operation: 'jobs.rerun',
          body: { jobId: JOB_ID, sparkConfig: { 'a.secret': '1' } },
        },
      },
    ]);
    expect(t.contractFaults).toEqual([]);
  });

  it('has logs, with the way to the next part', async () => {
    const asked: unknown[] = [];
    const t = testApp(
      standIns({
        jobs: {
          logs: async (_identity, _id, stream, offset, limit) => {
            asked.push([stream, offset, limit]);
            return { text: 'hällo\n', nextOffset: 107, size: 200 };
          },
        },
      }),
    );
    const answer = await t.app.inject({ url: `${JOB}/logs?stream=stderr&offset=-100&limit=7` });
    expect(answer.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'libra-next-offset': '107',
      'libra-log-size': '200',
    });
    expect(answer.body).toBe('hällo\n');
    await t.app.inject({ url: `${JOB}/logs` });
    expect(asked).toEqual([
      ['stderr', -100, 7],
      ['stdout', 0, 1_048_576],
    ]);
    const odd = await t.app.inject({ url: `${JOB}/logs?stream=both` });
    expect(odd.json().errors).toEqual([
      { field: 'stream', message: 'accepts one of stdout, stderr' },
    ]);
    expect(t.contractFaults).toEqual([]);
  });
});
