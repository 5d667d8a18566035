import { setImmediate as nextTurn } from 'node:timers/promises';
import { type RawBuilder, sql } from 'kysely';
import { ACTIVE_STATES, type JobFilter, type JobPage } from '../../domain/job.ts';
import { compileRaw, type SqliteConnection } from './connection.ts';
import { decodeCursor, earlier, encodeCursor, type Position } from './cursor.ts';
import { LISTED_COLUMNS, type ListedJobRow, toListedJob } from './job-rows.ts';

/** Together they keep a turn of the event loop short, however large the history is. */
const ROWS_A_TURN = 50;
const CANDIDATES_A_TURN = { fewest: 25, most: 500 } as const;
const TURN_MS = 1;

/**
 * One index, in the order of the list, that narrows the search most; the conditions that it
 * answers, and those that are left to check on each row.
 */
interface Plan {
  readonly keys: RawBuilder<unknown>;
  readonly rows: RawBuilder<unknown>;
  readonly at: RawBuilder<unknown>;
  readonly id: RawBuilder<unknown>;
  readonly indexed: readonly RawBuilder<unknown>[];
  readonly checked: readonly RawBuilder<unknown>[];
}

/**
 * The page is read in slices between which the event loop turns: a filter that hardly matches
 * takes its time at the cost of its caller alone. Keys in place of offsets: rows that come
 * meanwhile neither repeat nor hide others.
 */
export const listJobs = async (
  connection: SqliteConnection,
  filter: JobFilter,
  limit: number,
  cursor: string | null,
): Promise<JobPage> => {
  const plan = planFor(filter);
  const found: ListedJobRow[] = [];
  let after = startOf(filter, cursor);
  let candidates: number = CANDIDATES_A_TURN.most;
  for (;;) {
    const began = performance.now();
    const wanted = Math.min(ROWS_A_TURN, limit + 1 - found.length);
    const until = plan.checked.length === 0 ? null : sliceEnd(connection, plan, after, candidates);
    const rows = connection.all(selectRows(plan, after, until, wanted));
    found.push(...rows);
    const last = rows.at(-1);
    if (found.length > limit) break;
    if (rows.length === wanted && last !== undefined) after = positionOf(last);
    else if (until !== null) after = until;
    else break;
    candidates = adapt(candidates, performance.now() - began);
    await nextTurn();
  }
  const last = found[limit - 1];
  return {
    items: found.slice(0, limit).map(toListedJob),
    nextCursor: found.length > limit && last !== undefined ? encodeCursor(positionOf(last)) : null,
  };
};

/** Rows that come from the disk take a hundred times as long as those in memory. */
const adapt = (candidates: number, tookMs: number): number =>
  tookMs > TURN_MS
    ? Math.max(CANDIDATES_A_TURN.fewest, Math.floor(candidates / 2))
    : Math.min(CANDIDATES_A_TURN.most, candidates * 2);

const positionOf = (row: { submitted_at: number; id: string }): Position => ({
  submittedAt: row.submitted_at,
  id: row.id,
});

/** `to` is exclusive, and no id comes before the empty one. */
const startOf = (filter: JobFilter, cursor: string | null): Position | null => {
  const after = cursor === null ? null : decodeCursor(cursor);
  if (filter.to === undefined) return after;
  const end: Position = { submittedAt: filter.to, id: '' };
  return after === null ? end : earlier(after, end);
};

const sliceEnd = (
  connection: SqliteConnection,
  plan: Plan,
  after: Position | null,
  candidates: number,
): Position | null => {
  const row = connection.first(
    compileRaw<{ submitted_at: number; id: string }>(sql`
      SELECT ${plan.at} AS submitted_at, ${plan.id} AS id FROM ${plan.keys}
      ${where([...plan.indexed, ...bounds(plan, after, null)])}
      ORDER BY ${plan.at} DESC, ${plan.id} DESC LIMIT 1 OFFSET ${candidates - 1}`),
  );
  return row === null ? null : positionOf(row);
};

const listedColumns = sql.join(LISTED_COLUMNS.map((column) => sql.ref(`j.${column}`)));

const selectRows = (plan: Plan, after: Position | null, until: Position | null, wanted: number) =>
  compileRaw<ListedJobRow>(sql`
    SELECT ${listedColumns} FROM ${plan.rows}
    ${where([...plan.indexed, ...plan.checked, ...bounds(plan, after, until)])}
    ORDER BY ${plan.at} DESC, ${plan.id} DESC LIMIT ${wanted}`);

const bounds = (plan: Plan, after: Position | null, until: Position | null) => [
  ...(after === null ? [] : [sql`(${plan.at}, ${plan.id}) < (${after.submittedAt}, ${after.id})`]),
  ...(until === null ? [] : [sql`(${plan.at}, ${plan.id}) >= (${until.submittedAt}, ${until.id})`]),
];

const where = (conditions: readonly RawBuilder<unknown>[]): RawBuilder<unknown> =>
  conditions.length === 0 ? sql`` : sql`WHERE ${sql.join(conditions, sql` AND `)}`;

type Candidate = Omit<Plan, 'checked'> & { readonly answers: keyof JobFilter | null };

const planFor = (filter: JobFilter): Plan => {
  const candidate = bestIndex(filter);
  const checked = conditions(filter)
    .filter(([field]) => field !== candidate.answers)
    .map(([, condition]) => condition);
  const indexed =
    filter.from === undefined
      ? candidate.indexed
      : [...candidate.indexed, sql`${candidate.at} >= ${filter.from}`];
  return { ...candidate, indexed, checked };
};

/** Most selective first, as a rule: names and tags are a user's own, an owner may be everyone. */
const bestIndex = (filter: JobFilter): Candidate => {
  const states = filter.states ?? [];
  if (states.length > 0 && states.every((state) => ACTIVE_STATES.includes(state))) {
    return onJobs('jobs_active', [sql`j.state IN ('QUEUED', 'RUNNING')`], null);
  }
  const [tag, ...others] = filter.tags ?? [];
  if (tag !== undefined) return onTags(tag, others.length === 0 ? 'tags' : null);
  if (filter.name !== undefined) {
    return onJobs('jobs_by_name', [sql`j.name = ${filter.name}`], 'name');
  }
  if (filter.sessionId !== undefined) {
    return onJobs('jobs_by_session', [sql`j.session_id = ${filter.sessionId}`], 'sessionId');
  }
  if (states.length > 0 && !states.includes('SUCCESS')) {
    return onJobs('jobs_unsuccessful', [sql`j.state <> 'SUCCESS'`], null);
  }
  if (filter.owner !== undefined) {
    return onJobs('jobs_by_owner', [sql`j.owner = ${filter.owner}`], 'owner');
  }
  return onJobs('jobs_newest', [], null);
};

const onJobs = (
  index: string,
  indexed: readonly RawBuilder<unknown>[],
  answers: Candidate['answers'],
): Candidate => {
  const table = sql`jobs AS j INDEXED BY ${sql.raw(index)}`;
  return { keys: table, rows: table, at: sql`j.submitted_at`, id: sql`j.id`, indexed, answers };
};

const onTags = (tag: TagFilter, answers: Candidate['answers']): Candidate => {
  const byValue = tag.value !== null;
  const keys = sql`job_tags AS t INDEXED BY ${sql.raw(byValue ? 'job_tags_by_value' : 'job_tags_by_key')}`;
  const indexed = [sql`t.key = ${tag.key}`, ...(byValue ? [sql`t.value = ${tag.value}`] : [])];
  // CROSS keeps SQLite from turning the join around.
  const rows = sql`${keys} CROSS JOIN jobs AS j ON j.id = t.job_id`;
  return { keys, rows, at: sql`t.submitted_at`, id: sql`t.job_id`, indexed, answers };
};

type Condition = readonly [field: keyof JobFilter, condition: RawBuilder<unknown>];

const conditions = (filter: JobFilter): Condition[] => {
  const all: Condition[] = [];
  const isOneOf = (field: 'states' | 'kinds', column: RawBuilder<unknown>): void => {
    const values = filter[field] ?? [];
    if (values.length > 0) all.push([field, sql`${column} IN (${sql.join(values)})`]);
  };
  const equals = (field: 'sessionId' | 'pool' | 'name' | 'owner', column: RawBuilder<unknown>) => {
    if (filter[field] !== undefined) all.push([field, sql`${column} = ${filter[field]}`]);
  };
  isOneOf('states', sql`j.state`);
  isOneOf('kinds', sql`j.kind`);
  equals('sessionId', sql`j.session_id`);
  equals('pool', sql`j.pool`);
  equals('name', sql`j.name`);
  equals('owner', sql`j.owner`);
  for (const tag of filter.tags ?? []) all.push(['tags', hasTag(tag)]);
  return all;
};

type TagFilter = NonNullable<JobFilter['tags']>[number];

const hasTag = (tag: TagFilter): RawBuilder<unknown> => {
  const value = tag.value === null ? sql`` : sql` AND x.value = ${tag.value}`;
  return sql`EXISTS (SELECT 1 FROM job_tags AS x WHERE x.job_id = j.id AND x.key = ${tag.key}${value})`;
};
