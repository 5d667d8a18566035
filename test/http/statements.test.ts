import { describe, expect, it } from 'vitest';
import { Problem } from '../../src/domain/errors.ts';
import { testApp } from '../support/http-app.ts';
import { acceptingAll, aJob, aJobError, aRunningJob, standIns } from '../support/http-services.ts';
import { aRequest } from '../support/job-request.ts';

const URL = '/api/v1/sessions/default/statements';
const JSON_TYPE = { 'content-type': 'application/json' };

const post = (t: ReturnType<typeof testApp>, payload: unknown, headers = {}, url = URL) =>
  t.app.inject({
    method: 'POST',
    url,
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    headers: { ...JSON_TYPE, ...headers },
  });

describe('a statement', () => {
  it('reaches the core with every default filled in', async () => {
    const { services, submitted } = acceptingAll();
    const t = testApp(services);
    const answer = await post(t, { kind: 'sql', code: 'SELECT 1' }, { 'x-request-id': 'abc-1' });
    expect(answer.statusCode).toBe(200);
    expect(submitted).toEqual([
      {
        identity: { name: 'anonymous', roles: ['viewer', 'user', 'operator', 'admin'] },
        sessionId: 'default',
        requestId: 'abc-1',
        idempotency: null,
        request: aRequest(),
      },
    ]);
    expect(t.contractFaults).toEqual([]);
  });

  it('carries everything that it may say', async () => {
    const { services, submitted } = acceptingAll();
    await post(testApp(services), {
      kind: 'sql',
      code: 'SELECT :a',
      pool: 'interactive',
      description: '',
      name: 'nightly',
      tags: { team: 'search' },
      sparkConfig: { 'spark.sql.shuffle.partitions': 8, 'spark.sql.ansi.enabled': true, x: 'y' },
      parameters: { a: 1, b: 'two', c: null, d: 1.5, e: false },
      wait: '0s',
      onTimeout: 'CONTINUE',
      rowLimit: 0,
      onOverflow: 'FAIL',
      maxRuntime: '2h',
      retry: { maxAttempts: 3 },
    });
    expect(submitted[0]?.request).toMatchObject({
      pool: 'interactive',
      description: '',
      name: 'nightly',
      tags: { team: 'search' },
      sparkConfig: {
        'spark.sql.shuffle.partitions': '8',
        'spark.sql.ansi.enabled': 'true',
        x: 'y',
      },
      parameters: [
        { name: 'a', value: 1, type: null },
        { name: 'b', value: 'two', type: null },
        { name: 'c', value: null, type: null },
        { name: 'd', value: 1.5, type: null },
        { name: 'e', value: false, type: null },
      ],
      rowLimit: 0,
      onOverflow: 'FAIL',
      maxRuntimeMs: 7_200_000,
      retry: { maxAttempts: 3, on: ['LOST'] },
    });
  });

  it('may bind a list of typed parameters', async () => {
    const { services, submitted } = acceptingAll();
    await post(testApp(services), {
      kind: 'sql',
      code: 'SELECT :d, :n',
      parameters: [
        { name: 'd', value: '2024-02-29', type: 'DATE' },
        { name: 'n', value: '9007199254740993', type: 'BIGINT' },
      ],
    });
    expect(submitted[0]?.request.parameters).toEqual([
      { name: 'd', value: '2024-02-29', type: 'DATE' },
      { name: 'n', value: '9007199254740993', type: 'BIGINT' },
    ]);
  });

  it('answers with the contract fields once it has ended', async () => {
    const { services } = acceptingAll(() => aJob({ request: { ...aJob().request, name: 'n' } }));
    const answer = await post(testApp(services), { kind: 'sql', code: 'SELECT 1' });
    expect(answer.json()).toEqual({
      jobId: aJob().id,
      sessionId: 'default',
      kind: 'sql',
      name: 'n',
      description: null,
      tags: {},
      pool: 'default',
      executor: 'embedded',
      owner: 'anonymous',
      state: 'SUCCESS',
      attempt: 1,
      result: 'Schema: struct<1:int>\n\n[1]\n',
      schema: [{ name: '1', type: 'int', nullable: false }],
      rowCount: 1,
      truncated: false,
      resultComplete: true,
      submittedAt: '2025-11-03T10:00:00.000Z',
      startedAt: '2025-11-03T10:00:00.004Z',
      completedAt: '2025-11-03T10:00:00.120Z',
      executionTimeMs: 116,
      progress: 1,
      waitingFor: null,
      applicationId: null,
      sparkUiUrl: null,
      error: null,
      code: 'SELECT 1',
      filePath: null,
      mainClass: null,
    });
  });

  it('that failed is 200 with what is known of the error, and no more', async () => {
    const error = aJobError({
      errorClass: 'DIVIDE_BY_ZERO',
      sqlState: '22012',
      position: { line: 1, column: 8, fragment: 'id / 0' },
    });
    const { services } = acceptingAll(() => aJob({ state: 'FAILED', result: null, error }));
    const t = testApp(services);
    const answer = await post(t, { kind: 'sql', code: 'SELECT id / 0' });
    expect([answer.statusCode, answer.json().state]).toEqual([200, 'FAILED']);
    expect(answer.json().error).toEqual({
      code: 'EXECUTION_FAILED',
      message: '[DIVIDE_BY_ZERO] Division by zero.',
      errorClass: 'DIVIDE_BY_ZERO',
      sqlState: '22012',
      position: { line: 1, column: 8, fragment: 'id / 0' },
      retryable: false,
    });
    expect(t.contractFaults).toEqual([]);
  });
});

describe('wait', () => {
  const going = (answers: { ended?: boolean; cancelled?: boolean }) => {
    const calls: unknown[] = [];
    const services = standIns({
      jobs: {
        submit: async () => ({ job: aRunningJob(), replayed: false }),
        awaitEnd: async (_identity, id, waitMs) => {
          calls.push(['awaitEnd', id, waitMs]);
          return answers.ended === true ? aJob() : aRunningJob();
        },
        cancel: async (_identity, id, cause) => {
          calls.push(['cancel', id, cause]);
          answers.ended = answers.cancelled ?? false;
          return { job: aRunningJob({ cancelCause: cause }), accepted: true };
        },
      },
    });
    return { services, calls };
  };

  it('holds for 50 s unless told otherwise, and answers 200 when the job ends in time', async () => {
    const { services, calls } = going({ ended: true });
    const answer = await post(testApp(services), { kind: 'sql', code: 'SELECT 1' });
    expect(answer.statusCode).toBe(200);
    expect(calls).toEqual([['awaitEnd', aJob().id, 50_000]]);
  });

  it('answers 202 with a Location when it does not', async () => {
    const { services, calls } = going({});
    const t = testApp(services);
    const answer = await post(t, { kind: 'sql', code: 'SELECT 1', wait: '10m' });
    expect([answer.statusCode, answer.headers.location]).toEqual([
      202,
      `/api/v1/jobs/${aJob().id}`,
    ]);
    expect(answer.json()).toMatchObject({
      state: 'RUNNING',
      progress: 0.25,
      result: null,
      schema: null,
      rowCount: null,
      completedAt: null,
      executionTimeMs: null,
    });
    expect(calls).toEqual([['awaitEnd', aJob().id, 600_000]]);
    expect(t.contractFaults).toEqual([]);
  });

  it('of 0s answers at once', async () => {
    const { services, calls } = going({});
    const answer = await post(testApp(services), { kind: 'sql', code: 'SELECT 1', wait: '0s' });
    expect(answer.statusCode).toBe(202);
    expect(calls).toEqual([]);
  });

  it('with onTimeout CANCEL asks for the end, and says so when it comes quickly', async () => {
    const quick = going({ cancelled: true });
    const body = { kind: 'sql', code: 'SELECT 1', wait: '1s', onTimeout: 'CANCEL' };
    expect((await post(testApp(quick.services), body)).statusCode).toBe(200);
    expect(quick.calls).toEqual([
      ['awaitEnd', aJob().id, 1000],
      ['cancel', aJob().id, 'wait ended with onTimeout CANCEL'],
      ['awaitEnd', aJob().id, 2000],
    ]);
    const slow = going({ cancelled: false });
    expect((await post(testApp(slow.services), body)).statusCode).toBe(202);
  });
});

describe('what is wrong with a statement', () => {
  const faultsOf = async (payload: unknown, url = URL) => {
    const { services, submitted } = acceptingAll();
    const t = testApp(services);
    const answer = await post(t, payload, {}, url);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'INVALID_REQUEST']);
    expect(submitted).toEqual([]);
    expect(t.contractFaults).toEqual([]);
    return Object.fromEntries(
      (answer.json().errors as { field: string; message: string }[]).map((one) => [
        one.field,
        one.message,
      ]),
    );
  };
  const sql = (fields: object) => ({ kind: 'sql', code: 'SELECT 1', ...fields });

  it.each([
    ['no body', '', { body: 'accepts a JSON object' }],
    ['null', null, { body: 'accepts a JSON object' }],
    ['a list', [], { body: 'accepts a JSON object' }],
    ['a text', '"SELECT 1"', { body: 'accepts a JSON object' }],
    [
      'no kind',
      {},
      { kind: 'is required; accepts one of sql, python, python-file, jar, jar-class' },
    ],
    [
      'an unknown kind',
      { kind: 'scala', code: 'x' },
      { kind: 'accepts one of sql, python, python-file, jar, jar-class' },
    ],
    [
      'missing code',
      { kind: 'sql' },
      { code: 'is required; accepts non-empty text: one SQL statement' },
    ],
    [
      'empty code',
      { kind: 'sql', code: '  \n' },
      { code: 'accepts non-empty text: one SQL statement' },
    ],
    ['code of another type', { kind: 'sql', code: 1 }, { code: expect.stringContaining('text') }],
    [
      'a negative wait',
      sql({ wait: '-1s' }),
      {
        wait: 'accepts a whole number and a unit: ms, s, m or h, such as 30s; at least 0s and at most 10m',
      },
    ],
    ['an endless wait', sql({ wait: '9999h' }), { wait: expect.stringContaining('at most 10m') }],
    ['a wait without a unit', sql({ wait: 5 }), { wait: expect.stringContaining('ms, s, m or h') }],
    [
      'a row limit that is no whole number',
      sql({ rowLimit: 1.5 }),
      { rowLimit: 'accepts a whole number from 0 to 100000' },
    ],
    ['a negative row limit', sql({ rowLimit: -1 }), { rowLimit: expect.any(String) }],
    [
      'an unknown end of waiting',
      sql({ onTimeout: 'cancel' }),
      { onTimeout: 'accepts one of CONTINUE, CANCEL' },
    ],
    ['a pool that is no name', sql({ pool: '../x' }), { pool: expect.stringContaining('a name') }],
    [
      'fields of another kind',
      sql({ filePath: 'x.jar' }),
      { filePath: expect.stringContaining('is not known here; accepted are kind, code') },
    ],
    [
      'an unknown field inside another',
      sql({ retry: { maxAttempts: 2, until: 1 } }),
      { 'retry.until': 'is not known here; accepted are maxAttempts, on' },
    ],
    [
      'a retry on an end that there is not',
      sql({ retry: { maxAttempts: 2, on: ['TIRED'] } }),
      { 'retry.on[0]': 'accepts one of LOST, FAILED' },
    ],
    [
      'a setting that is no value',
      sql({ sparkConfig: { 'spark.x': {} } }),
      { "sparkConfig['spark.x']": 'accepts text, a number, true or false for each setting' },
    ],
    ['tags that are no map', sql({ tags: ['a'] }), { tags: expect.stringContaining('object') }],
    ['a reserved field', sql({ runAs: 'root' }), { runAs: expect.stringContaining('not known') }],
  ])('%s', async (_what, payload, expected) => {
    expect(await faultsOf(payload)).toEqual(expected);
  });

  it('is told all at once', async () => {
    const faults = await faultsOf({
      kind: 'sql',
      code: '',
      wait: 'soon',
      rowLimit: 'many',
      colour: 'red',
      parameters: [{ name: 'a', value: {} }, { value: 1 }],
    });
    expect(Object.keys(faults).sort()).toEqual(
      ['code', 'wait', 'rowLimit', 'colour', 'parameters[0].value', 'parameters[1].name'].sort(),
    );
  });

  it('is a number that JSON has rounded: it would be bound as another one', async () => {
    expect(await faultsOf('{"kind":"sql","code":"x","parameters":{"n":9007199254740993}}')).toEqual(
      {
        'parameters.n': expect.stringContaining('"type": "BIGINT"'),
      },
    );
  });

  it('is a marker that has two values', async () => {
    const parameters = [
      { name: 'n', value: 1 },
      { name: 'n', value: 2 },
    ];
    expect(await faultsOf(sql({ parameters }))).toEqual({ 'parameters.n': 'stands there twice' });
  });

  it('is a session whose id is no name', async () => {
    const url = '/api/v1/sessions/..%2Fetc/statements';
    expect(await faultsOf(sql({}), url)).toEqual({
      sessionId: expect.stringContaining('a name'),
    });
  });
});

describe('an idempotency key', () => {
  const keyed = async (fields: object, headers = {}) => {
    const { services, submitted } = acceptingAll();
    const answer = await post(
      testApp(services),
      { kind: 'sql', code: 'SELECT 1', ...fields },
      headers,
    );
    return { answer, idempotency: submitted[0]?.idempotency ?? null };
  };

  it('stands in the body or in the header', async () => {
    const { idempotency: inBody } = await keyed({ idempotencyKey: 'k-1' });
    const { idempotency: inHeader } = await keyed({}, { 'idempotency-key': 'k-1' });
    expect(inBody).toEqual(inHeader);
    expect(inBody).toMatchObject({ key: 'k-1', operation: 'statements.create' });
    const both = await keyed({ idempotencyKey: 'k-1' }, { 'idempotency-key': 'k-1' });
    expect(both.answer.statusCode).toBe(200);
  });

  it('may not be two different ones', async () => {
    const { answer, idempotency } = await keyed(
      { idempotencyKey: 'k-1' },
      { 'idempotency-key': 'k-2' },
    );
    expect(idempotency).toBeNull();
    expect([answer.statusCode, answer.json().errors[0].field]).toEqual([400, 'idempotencyKey']);
  });

  it.each(['', 'with space', 'x'.repeat(256)])('is visible text: %j is not', async (key) => {
    const { answer } = await keyed({}, { 'idempotency-key': key });
    expect([answer.statusCode, answer.json().errors[0].field]).toEqual([400, 'idempotency-key']);
  });

  it('compares what counts: not how long to wait or what to show', async () => {
    const { idempotency: one } = await keyed({ idempotencyKey: 'k', wait: '1s', rowLimit: 5 });
    const { idempotency: two } = await keyed({ idempotencyKey: 'k', onTimeout: 'CANCEL' });
    const { idempotency: other } = await keyed({ idempotencyKey: 'k', pool: 'low-priority' });
    expect(one?.body).toEqual(two?.body);
    expect(other?.body).not.toEqual(one?.body);
    expect(one?.body).toMatchObject({ sessionId: 'default' });
  });

  it('that was known is marked in the answer', async () => {
    const services = standIns({
      jobs: { submit: async () => ({ job: aJob(), replayed: true }) },
    });
    const answer = await post(testApp(services), { kind: 'sql', code: 'SELECT 1' });
    expect(answer.headers['idempotent-replayed']).toBe('true');
  });
});

describe('what the core refuses', () => {
  const refused = (problem: Error) =>
    testApp(
      standIns({
        jobs: {
          submit: async () => {
            throw problem;
          },
        },
      }),
    );

  it('becomes a problem with its status, headers and faults', async () => {
    const full = refused(new Problem('QUEUE_FULL', 'Ten wait.', { retryAfterSeconds: 7 }));
    const answer = await post(full, { kind: 'sql', code: 'SELECT 1' });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([429, '7']);
    expect(answer.json()).toEqual({
      type: 'urn:libra:problem:queue-full',
      title: 'Too many statements are waiting',
      status: 429,
      detail: 'Ten wait.',
      instance: URL,
      code: 'QUEUE_FULL',
      errors: [],
      requestId: answer.headers['x-request-id'],
    });
    const pool = refused(
      new Problem('UNKNOWN_POOL', 'Known are default, interactive.', {
        errors: [{ field: 'pool', message: 'accepts one of default, interactive' }],
      }),
    );
    const unknown = await post(pool, { kind: 'sql', code: 'SELECT 1', pool: 'nope' });
    expect(unknown.json().errors).toEqual([
      { field: 'pool', message: 'accepts one of default, interactive' },
    ]);
    expect([...full.contractFaults, ...pool.contractFaults]).toEqual([]);
  });

  it('because the store is out of order is a 503', async () => {
    const down = Object.assign(new Error('SQLITE_FULL: /var/lib/libra/libra.db'), {
      name: 'StoreUnavailableError',
    });
    const t = refused(down);
    const answer = await post(t, { kind: 'sql', code: 'SELECT 1' });
    expect([answer.statusCode, answer.json().code]).toEqual([503, 'STORE_UNAVAILABLE']);
    expect(answer.headers['retry-after']).toMatch(/^\d+$/);
    expect(answer.body).not.toContain('/var/lib');
    expect(t.log()).toContain('SQLITE_FULL');
  });

  it('by accident is a 500 that says nothing but where to look', async () => {
    const t = refused(new TypeError('cannot read /etc/libra/secret.yml'));
    const answer = await post(t, { kind: 'sql', code: 'SELECT 1' });
    expect([answer.statusCode, answer.json().code]).toEqual([500, 'INTERNAL']);
    expect(answer.body).not.toMatch(/TypeError|secret\.yml|\.ts:|node_modules/);
    const line = t.lines.find((one) => one.msg === 'INTERNAL');
    expect(line).toMatchObject({ requestId: answer.json().requestId });
    expect(JSON.stringify(line)).toContain('statements.test.ts');
  });
});
