import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { ServerProcess } from '../support/server-process.ts';

/** Takes minutes on any machine, and Spark can stop it at every batch of rows. */
const ENDLESS = 'SELECT count(*) FROM range(10000000000000)';

let server: ServerProcess;
let api: ApiClient;

beforeAll(async () => {
  server = await ServerProcess.start();
  api = new ApiClient(server.url);
});
afterAll(async () => {
  await server?.stop();
});

describe('a statement', () => {
  it('answers with rows, schema and times once it has ended', async () => {
    const { status, body } = await api.sql('SELECT * FROM range(100) WHERE id > 50');
    expect(status).toBe(200);
    const rows = Array.from({ length: 49 }, (_, index) => `[${index + 51}]\n`).join('');
    expect(body).toMatchObject({
      sessionId: 'default',
      kind: 'sql',
      pool: 'default',
      executor: 'embedded',
      owner: 'anonymous',
      state: 'SUCCESS',
      attempt: 1,
      result: `Schema: struct<id:bigint>\n\n${rows}`,
      schema: [{ name: 'id', type: 'bigint', nullable: false }],
      rowCount: 49,
      truncated: false,
      resultComplete: true,
      progress: 1,
      waitingFor: null,
      error: null,
    });
    expect(body.jobId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(body.startedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Date.parse(body.completedAt ?? '') - Date.parse(body.startedAt ?? '')).toBe(
      body.executionTimeMs,
    );
  });

  it('answers 202 with a Location when it is still going after wait', async () => {
    const { status, headers, body } = await api.sql(ENDLESS, { wait: '0s' });
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/api/v1/jobs/${body.jobId}`);
    expect(['QUEUED', 'RUNNING']).toContain(body.state);
    await api.cancel(body.jobId);
    expect((await api.ended(body.jobId)).state).toBe('CANCELLED');
  });

  it('is cancelled when onTimeout says so and wait ends first', async () => {
    const { body } = await api.sql(ENDLESS, { wait: '300ms', onTimeout: 'CANCEL' });
    expect((await api.ended(body.jobId)).state).toBe('CANCELLED');
  });

  it('is cancelled when it runs longer than maxRuntime', async () => {
    const { body } = await api.sql(ENDLESS, { maxRuntime: '500ms' });
    expect(body).toMatchObject({ state: 'CANCELLED', error: { code: 'TIMED_OUT' } });
  });

  it('sends the first rows inline and keeps all of them', async () => {
    const { body } = await api.sql('SELECT id FROM range(25)', { rowLimit: 2 });
    expect(body).toMatchObject({
      result: 'Schema: struct<id:bigint>\n\n[0]\n[1]\n',
      rowCount: 25,
      truncated: true,
      resultComplete: true,
    });
  });

  it('binds parameters, as a map or as a typed list', async () => {
    const named = await api.sql('SELECT :n + 1 AS a, :s AS b', {
      parameters: { n: 41, s: "it's; -- no splice" },
    });
    expect(named.body.result).toBe("Schema: struct<a:int,b:string>\n\n[42,it's; -- no splice]\n");
    const typed = await api.sql('SELECT :d AS d', {
      parameters: [{ name: 'd', value: '2024-02-29', type: 'date' }],
    });
    expect(typed.body.result).toBe('Schema: struct<d:date>\n\n[2024-02-29]\n');
  });

  it('has its own settings, which a concurrent statement does not see', async () => {
    const read = 'SELECT current_timezone() AS zone';
    const [own, other] = await Promise.all([
      api.sql(read, { sparkConfig: { 'spark.sql.session.timeZone': 'Asia/Tokyo' } }),
      api.sql(read),
    ]);
    expect(own.body.result).toContain('[Asia/Tokyo]');
    expect(other.body.result).toContain('[UTC]');
    expect((await api.sql(read)).body.result).toContain('[UTC]');
  });

  it('cannot both change the session and carry settings of its own', async () => {
    const { status } = await api.sql('CREATE TEMPORARY VIEW gone AS SELECT 1', {
      sparkConfig: { 'spark.sql.ansi.enabled': false },
    });
    expect(status).toBe(400);
  });

  it('runs DDL and commands, and text of several lines with comments', async () => {
    const created = await api.sql('CREATE TABLE kept (id INT, name STRING) USING parquet');
    expect(created.body).toMatchObject({ state: 'SUCCESS', rowCount: 0 });
    const inserted = await api.sql("INSERT INTO kept VALUES (1, 'a;b'), (2, '🚀')");
    expect(inserted.body.state).toBe('SUCCESS');
    const { body } = await api.sql(
      "-- one; two\nSELECT name /* ; */\nFROM kept\nWHERE name <> ';'\nORDER BY id;  -- end",
    );
    expect(body.result).toBe('Schema: struct<name:string>\n\n[a;b]\n[🚀]\n');
    expect((await api.sql('SHOW TABLES')).body.result).toContain('[default,kept,false]');
    expect((await api.sql('DROP TABLE kept')).body.state).toBe('SUCCESS');
  });

  it('runs once for an idempotency key, however often it is sent', async () => {
    const send = (code: string) => api.sql(code, { idempotencyKey: 'order-1' });
    const [first, second] = await Promise.all([send('SELECT 7'), send('SELECT 7')]);
    expect(second.body.jobId).toBe(first.body.jobId);
    const replayed = await api.call<{ jobId: string }>(
      'POST',
      '/api/v1/sessions/default/statements',
      { kind: 'sql', code: 'SELECT 7', rowLimit: 5 },
      { 'idempotency-key': 'order-1' },
    );
    expect(replayed.body.jobId).toBe(first.body.jobId);
    expect((await send('SELECT 8')).status).toBe(409);
  });

  it('runs in its pool and carries its description into Spark', async () => {
    const { body } = await api.sql('SELECT count(*) FROM range(1000)', {
      pool: 'interactive',
      description: 'nightly check',
    });
    expect(body).toMatchObject({ state: 'SUCCESS', pool: 'interactive' });
  });
});

describe('a statement that fails', () => {
  it('has the error class, the place and the suggestion of Spark', async () => {
    const { status, body } = await api.sql('SELECT idd\nFROM range(3)');
    expect(status).toBe(200);
    expect(body.state).toBe('FAILED');
    expect(body.error).toMatchObject({
      code: 'SQL_ANALYSIS',
      errorClass: 'UNRESOLVED_COLUMN.WITH_SUGGESTION',
      sqlState: '42703',
      position: { line: 1, column: 8 },
    });
    expect(body.error?.hint).toContain('id');
  });

  it('says where it does not parse', async () => {
    const { body } = await api.sql('SELECT id\nFROM range(3) WHERE )');
    expect(body.error).toMatchObject({
      code: 'SQL_PARSE',
      sqlState: '42601',
      position: { line: 2 },
    });
    expect(body.error?.errorClass).toMatch(/^PARSE_SYNTAX_ERROR/);
  });

  it('names the root cause first', async () => {
    const { body } = await api.sql('SELECT id / 0 FROM range(3)');
    expect(body).toMatchObject({
      state: 'FAILED',
      error: { errorClass: 'DIVIDE_BY_ZERO', sqlState: '22012' },
    });
    expect(body.error?.message).toMatch(/^\[DIVIDE_BY_ZERO\]/);
    expect(JSON.stringify(body)).not.toMatch(/\tat |\.scala:\d/);
  });

  it('names the table that is missing', async () => {
    const { body } = await api.sql('SELECT * FROM nowhere');
    expect(body.error).toMatchObject({ errorClass: 'TABLE_OR_VIEW_NOT_FOUND', sqlState: '42P01' });
  });

  it.each([
    "SELECT reflect('java.lang.System', 'exit', 7)",
    "SELECT java_method('java.lang.Runtime', 'getRuntime')",
    "SELECT TRANSFORM (id) USING 'cat' AS (x STRING) FROM range(1)",
    "ADD JAR '/tmp/evil.jar'",
    'SELECT * FROM text.`/etc/hostname`',
  ])('is refused when it would leave the server: %s', async (code) => {
    const { body } = await api.sql(code);
    expect(body).toMatchObject({ state: 'FAILED', error: { code: 'SQL_REFUSED' } });
    expect((await api.sql('SELECT 1')).body.state).toBe('SUCCESS');
  });
});

describe('a result larger than memory', () => {
  it('is stored while only the first rows travel', async () => {
    const before = server.memory().rss;
    const { body } = await api.sql('SELECT * FROM range(100000000)', { rowLimit: 3, wait: '5m' });
    expect(body).toMatchObject({
      state: 'SUCCESS',
      result: 'Schema: struct<id:bigint>\n\n[0]\n[1]\n[2]\n',
      rowCount: 100_000_000,
      truncated: true,
      resultComplete: true,
    });
    // The rows alone are 800 MB.
    expect(server.memory().peak - before).toBeLessThan(500 * 1024 * 1024);
    const page = await api.get<{ rows: string[][]; nextOffset: number | null }>(
      `/api/v1/jobs/${body.jobId}/result?offset=99999998`,
    );
    expect(page.body).toMatchObject({ rows: [['99999998'], ['99999999']], nextOffset: null });
    expect((await api.call('DELETE', `/api/v1/jobs/${body.jobId}`)).status).toBe(204);
  });
});
