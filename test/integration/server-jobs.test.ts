import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient, type JobBody } from '../support/api-client.ts';
import { ServerProcess } from '../support/server-process.ts';

const ENDLESS = 'SELECT count(*) FROM range(10000000000000)';

interface JobList {
  readonly items: readonly JobBody[];
  readonly nextCursor: string | null;
}

let server: ServerProcess;
let api: ApiClient;

beforeAll(async () => {
  server = await ServerProcess.start();
  api = new ApiClient(server.url);
});
afterAll(async () => {
  await server?.stop();
});

const resultOf = async (jobId: string, accept: string, query = '') => {
  const response = await fetch(`${server.url}/api/v1/jobs/${jobId}/result${query}`, {
    headers: { accept },
  });
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    bytes: new Uint8Array(await response.arrayBuffer()),
  };
};
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('the list of jobs', () => {
  it('filters, and pages newest first without gaps', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) {
      const { body } = await api.sql(`SELECT ${n}`, {
        name: 'paged',
        tags: { team: n % 2 === 0 ? 'even' : 'odd' },
      });
      ids.unshift(body.jobId);
    }
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const { body } = await api.get<JobList>(`/api/v1/jobs?name=paged&limit=2${query}`);
      seen.push(...body.items.map((job) => job.jobId));
      expect(body.items.every((job) => !('result' in job))).toBe(true);
      cursor = body.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(ids);
    const even = await api.get<JobList>(
      '/api/v1/jobs?name=paged&tag=team%3Deven&state=SUCCESS&kind=sql',
    );
    expect(even.body.items).toHaveLength(3);
    expect((await api.get<JobList>('/api/v1/jobs?state=FAILED&name=paged')).body.items).toEqual([]);
    expect((await api.get('/api/v1/jobs?cursor=nonsense')).status).toBe(400);
  });

  it('has those of one session beside the session', async () => {
    const { body } = await api.sql('SELECT 1', {}, 'listed');
    const { body: list } = await api.get<JobList>('/api/v1/sessions/listed/statements');
    expect(list.items.map((job) => job.jobId)).toEqual([body.jobId]);
  });
});

describe('cancel', () => {
  const cancelled = async (code: string) => {
    const { body } = await api.sql(code, { wait: '0s' });
    await api.reached(body.jobId, 'RUNNING', 'CANCELLED');
    const answer = await api.cancel(body.jobId);
    expect(answer.status).toBe(202);
    expect((await api.ended(body.jobId)).state).toBe('CANCELLED');
    const free = await api.sql('SELECT count(*) FROM range(1000)', { wait: '10m' });
    expect(free.body.state).toBe('SUCCESS');
  };

  it('stops a statement that runs, and its slots are free', () => cancelled(ENDLESS));

  it('stops a statement that collects', () => cancelled('SELECT * FROM range(1000000000000)'));

  it('stops a statement that is being planned', () =>
    cancelled(
      `SELECT ${Array.from({ length: 6000 }, (_, n) => `id + ${n} AS c${n}`).join(', ')} FROM range(10)`,
    ));

  it('leaves an ended job as it is', async () => {
    const { body } = await api.sql('SELECT 1');
    const answer = await api.cancel(body.jobId);
    expect([answer.status, answer.body.state]).toEqual([200, 'SUCCESS']);
  });
});

describe('a result', () => {
  it('comes in every format, from any row', async () => {
    const { body } = await api.sql(
      "SELECT id, IF(id = 1, NULL, concat('a,', id)) AS name FROM range(4) ORDER BY id",
    );
    const json = await resultOf(body.jobId, 'application/json', '?offset=1&limit=2');
    expect(JSON.parse(text(json.bytes))).toEqual({
      schema: [
        { name: 'id', type: 'bigint', nullable: false },
        { name: 'name', type: 'string', nullable: true },
      ],
      rows: [
        ['1', null],
        ['2', 'a,2'],
      ],
      nextOffset: 3,
    });
    const ndjson = await resultOf(body.jobId, 'application/x-ndjson', '?limit=1');
    expect(text(ndjson.bytes)).toBe('{"id":"0","name":"a,0"}\n');
    const csv = await resultOf(body.jobId, 'text/csv', '?limit=2');
    expect(text(csv.bytes)).toBe('id,name\r\n0,"a,0"\r\n1,\r\n');
    const plain = await resultOf(body.jobId, 'text/plain');
    expect(text(plain.bytes)).toBe(body.result);
    const arrow = await resultOf(body.jobId, 'application/vnd.apache.arrow.stream', '?offset=2');
    expect(
      tableFromIPC(arrow.bytes)
        .toArray()
        .map((row) => [row.id, row.name]),
    ).toEqual([
      [2n, 'a,2'],
      [3n, 'a,3'],
    ]);
    const past = await resultOf(body.jobId, 'application/json', '?offset=99');
    expect([past.status, JSON.parse(text(past.bytes)).rows]).toEqual([200, []]);
    expect((await resultOf(body.jobId, 'image/png')).status).toBe(406);
  });

  it('of a job that has not succeeded is a 409', async () => {
    const { body } = await api.sql('SELECT nope');
    expect((await resultOf(body.jobId, '*/*')).status).toBe(409);
  });
});

describe('a job', () => {
  it('can be deleted once it has ended', async () => {
    const { body: running } = await api.sql(ENDLESS, { wait: '0s' });
    expect((await api.call('DELETE', `/api/v1/jobs/${running.jobId}`)).status).toBe(409);
    await api.cancel(running.jobId);
    await api.ended(running.jobId);
    expect((await api.call('DELETE', `/api/v1/jobs/${running.jobId}`)).status).toBe(204);
    expect((await api.job(running.jobId)).status).toBe(404);
  });

  it('can be run again with the same request', async () => {
    const { body } = await api.sql('SELECT :n', { parameters: { n: 3 }, name: 'again' });
    const rerun = await api.call<JobBody>('POST', `/api/v1/jobs/${body.jobId}/rerun`);
    expect(rerun.body.jobId).not.toBe(body.jobId);
    expect((await api.ended(rerun.body.jobId)).result).toBe(body.result);
  });

  it('has a log', async () => {
    const { body } = await api.sql('SELECT count(*) FROM range(10)');
    const { body: log } = await api.get<string>(`/api/v1/jobs/${body.jobId}/logs?stream=stderr`);
    expect(log).toMatch(/Spark job \d+/);
  });

  it('tells its story as events, and goes on where a client left off', async () => {
    const { body } = await api.sql('SELECT count(*) FROM range(3000000000)', { wait: '0s' });
    const response = await fetch(`${server.url}/api/v1/jobs/${body.jobId}/events`);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const events = parseEvents(await response.text());
    expect(events.map((event) => Number(event.id))).toEqual(
      [...events.map((event) => Number(event.id))].sort((a, b) => a - b),
    );
    expect(events.at(-1)).toMatchObject({ type: 'end' });
    const fractions = events
      .filter((event) => event.type === 'progress')
      .map((event) => event.data.progress);
    expect(fractions.some((fraction) => fraction > 0 && fraction <= 1)).toBe(true);
    const last = events.at(-1)?.id ?? '';
    const done = await fetch(`${server.url}/api/v1/jobs/${body.jobId}/events`, {
      headers: { 'last-event-id': last },
    });
    expect(done.status).toBe(204);
    const middle = events.at(-2)?.id ?? '';
    const rest = await fetch(`${server.url}/api/v1/jobs/${body.jobId}/events`, {
      headers: { 'last-event-id': middle },
    });
    expect(parseEvents(await rest.text()).map((event) => event.id)).toEqual([last]);
  });
});

const parseEvents = (stream: string) =>
  stream
    .split('\n\n')
    .filter((block) => block.includes('event:'))
    .map((block) => {
      const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1] ?? '';
      return { id: field('id'), type: field('event'), data: JSON.parse(field('data')) };
    });
