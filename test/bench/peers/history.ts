import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { STORE_FILE } from '../../../src/store/sqlite/store-file.ts';
import { ApiClient } from '../../support/api-client.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { quantile, timed } from '../figures.ts';
import type { Report } from './report.ts';

const SIZES = { '1 thousand': 1000, '1 million': 1_000_000 } as const;
const SUBMITS = 300;
const LOOKS = 15;
const PAGE = 20;
const DEEP = 1000;
const DAY = 24 * 3600 * 1000;

/** Every filter of the list, and some together. */
const FILTERS = [
  '',
  'state=SUCCESS',
  'state=FAILED',
  'state=RUNNING',
  'kind=python',
  'sessionId=session-3',
  'pool=interactive',
  'name=report-7',
  'tag=team=sales',
  'tag=team',
  'owner=anonymous',
  'from=FROM&to=TO',
  'state=FAILED&kind=python&pool=interactive',
  'state=FAILED&sessionId=session-3&tag=team=sales',
] as const;

/** The same in each run, and each field independent of the others. */
let state = 1;
const oneOf = (count: number): number => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
  return (state >> 8) % count;
};

/** As they would stand there after some months: written straight into the store. */
const fill = async (dataDir: string, jobs: number): Promise<void> => {
  const store = new SqliteStore({ dataDir });
  await store.open();
  await store.close();
  const database = new Database(path.join(dataDir, STORE_FILE));
  database.pragma('synchronous = OFF');
  const request = JSON.stringify({
    kind: 'sql',
    filePath: null,
    mainClass: null,
    args: [],
    pool: 'default',
    description: null,
    name: null,
    tags: {},
    sparkConfig: {},
    parameters: [],
    rowLimit: 1000,
    onOverflow: 'TRUNCATE',
    maxRuntimeMs: null,
    context: null,
    retry: null,
  });
  const summary = JSON.stringify({
    columns: [{ name: 'n', type: 'bigint', nullable: false }],
    rowCount: 1,
    truncated: false,
    complete: true,
    byteCount: 400,
  });
  const start = Date.now() - 90 * DAY;
  const step = (90 * DAY) / jobs;
  database.exec('BEGIN');
  const insert = database.prepare(`
    INSERT INTO jobs (id, session_id, owner, executor, kind, pool, name, state, attempt, submitted_at,
      started_at, completed_at, progress, server_id, last_event_id, request, result, code, result_text)
    VALUES (@id, @session, 'anonymous', 'embedded', @kind, @pool, @name, @state, 1, @at, @at, @at + 20, 1,
      'former', 6, @request, @summary, @code, 'Schema: struct<n:bigint>' || char(10, 10) || '[1]')`);
  const tag = database.prepare(
    "INSERT INTO job_tags (job_id, key, value, submitted_at) VALUES (?, 'team', ?, ?)",
  );
  for (let n = 0; n < jobs; n++) {
    const at = Math.floor(start + n * step);
    const id = `${at.toString(16).padStart(12, '0')}-${n.toString(16).padStart(8, '0')}`;
    insert.run({
      id,
      session: oneOf(3) === 0 ? 'default' : `session-${oneOf(10)}`,
      kind: oneOf(5) === 0 ? 'python' : 'sql',
      pool: ['default', 'interactive', 'low-priority'][oneOf(3)],
      name: oneOf(4) === 0 ? `report-${oneOf(8)}` : null,
      state: oneOf(11) === 0 ? 'FAILED' : 'SUCCESS',
      at,
      request,
      summary,
      code: `SELECT ${n} AS n`,
    });
    if (oneOf(3) === 0) tag.run(id, oneOf(2) === 0 ? 'sales' : 'risk', at);
  }
  database.exec('COMMIT');
  database.close();
};

export const history = async (report: Report): Promise<void> => {
  const folders = new Map<string, string>();
  const servers = new Map<string, ServerProcess>();
  try {
    for (const [size, jobs] of Object.entries(SIZES)) {
      const folder = mkdtempSync(path.join(tmpdir(), 'libra-bench-history-'));
      folders.set(size, folder);
      await fill(path.join(folder, 'data'), jobs);
      const env = { LIBRA_HISTORY_MAX_COUNT: '100000000', LIBRA_HISTORY_MAX_AGE: '100000h' };
      servers.set(size, await ServerProcess.start({ dataDir: folder, env }));
    }
    await submits(servers, report);
    await lists(servers.get('1 million') as ServerProcess, report);
  } finally {
    for (const server of servers.values()) await server.stop();
    for (const folder of folders.values()) rmSync(folder, { recursive: true, force: true });
  }
};

/** Interleaved, on two servers that differ in nothing else. */
const submits = async (
  servers: ReadonlyMap<string, ServerProcess>,
  report: Report,
): Promise<void> => {
  const times = new Map([...servers.keys()].map((size) => [size, [] as number[]]));
  for (let n = -SUBMITS; n < SUBMITS; n++) {
    for (const [size, { url }] of servers) {
      const took = await timed(() => new ApiClient(url).sql(`SELECT ${n}`, { wait: '1m' }));
      if (n >= 0) times.get(size)?.push(took);
    }
  }
  const p50 = (size: keyof typeof SIZES): number => quantile(times.get(size) ?? [], 0.5);
  for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
    const task = `a statement with ${size} jobs in the history`;
    report.add({ task, measure: 'p50 ms', subject: 'libra', value: p50(size) });
  }
  report.atMost(
    'submit with 1 million jobs in the history over 1 thousand',
    p50('1 million') / p50('1 thousand'),
    1.2,
  );
};

const lists = async ({ url }: ServerProcess, report: Report): Promise<void> => {
  const api = new ApiClient(url);
  const day = (ago: number): string => new Date(Date.now() - ago * DAY).toISOString();
  const longest = { value: 0 };
  for (const filter of FILTERS) {
    const query = filter.replace('FROM', day(60)).replace('TO', day(20));
    const cursor = await deepCursor(api, query);
    for (const [page, from] of [
      ['first page', null],
      [`page ${DEEP}`, cursor],
    ] as const) {
      // Fewer rows match than that many pages hold.
      if (page !== 'first page' && from === null) continue;
      const times: number[] = [];
      for (let n = 0; n < LOOKS; n++) times.push(await timed(() => list(api, query, PAGE, from)));
      const value = quantile(times, 0.5);
      longest.value = Math.max(longest.value, value);
      const task = `list of 1 million jobs, ${filter === '' ? 'no filter' : filter}`;
      report.add({ task, measure: `${page}, p50 ms`, subject: 'libra', value });
    }
  }
  report.atMost('the slowest list of 1 million jobs, p50 in ms', longest.value, 20);
};

const list = async (api: ApiClient, query: string, limit: number, cursor: string | null) => {
  const after = cursor === null ? '' : `&cursor=${cursor}`;
  const { status, body } = await api.get<{ items: unknown[]; nextCursor: string | null }>(
    `/api/v1/jobs?${query}&limit=${limit}${after}`,
  );
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body;
};

/** Where the thousandth page begins: a cursor does not mind the size of the pages before it. */
const deepCursor = async (api: ApiClient, query: string): Promise<string | null> => {
  let cursor: string | null = null;
  for (let rows = 0; rows < DEEP * PAGE; rows += 1000) {
    cursor = (await list(api, query, 1000, cursor)).nextCursor;
    if (cursor === null) return null;
  }
  return cursor;
};
