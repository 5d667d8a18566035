import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job, JobFilter } from '../../src/domain/job.ts';
import { BadCursorError, type Store } from '../../src/store/store.ts';
import {
  aJob,
  anEntry,
  anError,
  aResult,
  STORES,
  type StoreUnderTest,
} from '../support/store-fixtures.ts';

/** Enough that a filter which hardly matches has to be read in several slices. */
const COUNT = 1500;
const STATES = ['SUCCESS', 'FAILED', 'CANCELLED', 'LOST', 'RUNNING', 'QUEUED'] as const;
const KINDS = ['sql', 'sql', 'python', 'jar'] as const;

const exampleJob = (n: number): Job => {
  const state = STATES[n % 97 === 0 ? n % 6 : 0] ?? 'SUCCESS';
  const active = state === 'QUEUED' || state === 'RUNNING';
  return aJob({
    // Three jobs share each millisecond: ids have to settle the order.
    submittedAt: 1_000_000 + Math.floor(n / 3),
    state,
    completedAt: active ? null : 2_000_000 + n,
    sessionId: n % 3 === 0 ? 'reports' : 'default',
    owner: n % 5 === 0 ? 'ann' : 'bob',
    result: state === 'SUCCESS' ? aResult() : null,
    error: state === 'FAILED' ? anError() : null,
    request: {
      kind: KINDS[n % 4] ?? 'sql',
      pool: n === 700 ? 'interactive' : 'default',
      name: n % 10 === 0 ? `job-${n % 30}` : null,
      tags: n % 7 === 0 ? { team: n % 2 === 0 ? 'a' : 'b', run: String(n) } : {},
    },
  });
};

const newestFirst = (a: Job, b: Job): number =>
  b.submittedAt - a.submittedAt || (a.id < b.id ? 1 : -1);

const FILTERS: readonly (readonly [
  what: string,
  filter: JobFilter,
  keep: (job: Job) => boolean,
])[] = [
  ['no filter', {}, () => true],
  ['an empty list of states', { states: [] }, () => true],
  ['one state', { states: ['FAILED'] }, (job) => job.state === 'FAILED'],
  [
    'active states',
    { states: ['QUEUED', 'RUNNING'] },
    (job) => job.state === 'QUEUED' || job.state === 'RUNNING',
  ],
  ['one active state', { states: ['RUNNING'] }, (job) => job.state === 'RUNNING'],
  [
    'mixed states',
    { states: ['SUCCESS', 'LOST', 'RUNNING'] },
    (job) => ['SUCCESS', 'LOST', 'RUNNING'].includes(job.state),
  ],
  [
    'states without success',
    { states: ['LOST', 'RUNNING'] },
    (job) => job.state === 'LOST' || job.state === 'RUNNING',
  ],
  [
    'kinds',
    { kinds: ['python', 'jar'] },
    (job) => job.request.kind === 'python' || job.request.kind === 'jar',
  ],
  ['a session', { sessionId: 'reports' }, (job) => job.sessionId === 'reports'],
  [
    'a pool that hardly occurs',
    { pool: 'interactive' },
    (job) => job.request.pool === 'interactive',
  ],
  ['a pool that does not occur', { pool: 'none' }, () => false],
  ['a name', { name: 'job-20' }, (job) => job.request.name === 'job-20'],
  ['an owner', { owner: 'ann' }, (job) => job.owner === 'ann'],
  [
    'a tag and its value',
    { tags: [{ key: 'team', value: 'a' }] },
    (job) => job.request.tags.team === 'a',
  ],
  [
    'a tag of any value',
    { tags: [{ key: 'team', value: null }] },
    (job) => 'team' in job.request.tags,
  ],
  [
    'two tags',
    {
      tags: [
        { key: 'team', value: null },
        { key: 'run', value: '70' },
      ],
    },
    (job) => job.request.tags.run === '70',
  ],
  ['from, inclusive', { from: 1_000_400 }, (job) => job.submittedAt >= 1_000_400],
  ['to, exclusive', { to: 1_000_100 }, (job) => job.submittedAt < 1_000_100],
  [
    'from and to',
    { from: 1_000_100, to: 1_000_102, sessionId: 'reports' },
    (job) =>
      job.submittedAt >= 1_000_100 && job.submittedAt < 1_000_102 && job.sessionId === 'reports',
  ],
  [
    'everything at once',
    {
      states: ['SUCCESS'],
      kinds: ['sql'],
      sessionId: 'reports',
      pool: 'default',
      owner: 'ann',
      from: 1_000_010,
      to: 1_000_490,
    },
    (job) =>
      job.state === 'SUCCESS' &&
      job.request.kind === 'sql' &&
      job.sessionId === 'reports' &&
      job.request.pool === 'default' &&
      job.owner === 'ann' &&
      job.submittedAt >= 1_000_010 &&
      job.submittedAt < 1_000_490,
  ],
  [
    'a tag, a name and a state',
    { tags: [{ key: 'team', value: 'a' }], name: 'job-10', states: ['SUCCESS'] },
    (job) =>
      job.request.tags.team === 'a' && job.request.name === 'job-10' && job.state === 'SUCCESS',
  ],
];

const readAll = async (store: Store, filter: JobFilter, limit: number): Promise<string[]> => {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await store.jobs.list(filter, limit, cursor);
    expect(page.items.length).toBeLessThanOrEqual(limit);
    // A cursor promises that there is more.
    if (page.nextCursor !== null) expect(page.items).toHaveLength(limit);
    ids.push(...page.items.map((job) => job.id));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return ids;
};

for (const implementation of STORES) {
  describe(`lists of the ${implementation.name} store`, () => {
    let subject: StoreUnderTest;
    let store: Store;
    const jobs = Array.from({ length: COUNT }, (_, n) => exampleJob(n)).sort(newestFirst);

    beforeAll(async () => {
      subject = await implementation.make(null);
      store = subject.store;
      for (const job of jobs) await store.jobs.create({ job, secrets: null, idempotency: null });
    });

    afterAll(async () => {
      await subject.dispose();
    });

    it.each(FILTERS)('newest first, page by page, with %s', async (_, filter, keep) => {
      const expected = jobs.filter(keep).map((job) => job.id);
      expect(await readAll(store, filter, 1000)).toEqual(expected);
      expect(await readAll(store, filter, 37)).toEqual(expected);
    });

    it('leave out what can be large, and nothing else', async () => {
      const [item] = (await store.jobs.list({ states: ['SUCCESS'] }, 1, null)).items;
      const whole = jobs.find((job) => job.id === item?.id);
      expect(item).toEqual({
        ...whole,
        request: { ...whole?.request, code: null },
        result: { ...aResult(), text: '' },
      });
    });

    it('take a cursor of another filter for a place, and no more', async () => {
      const { nextCursor } = await store.jobs.list({ owner: 'ann' }, 5, null);
      const page = await store.jobs.list({ owner: 'bob', from: 1_000_000 }, 1000, nextCursor);
      const fifth = jobs.filter((job) => job.owner === 'ann')[4];
      const expected = jobs.slice(jobs.findIndex((job) => job.id === fifth?.id) + 1);
      expect(page.items.map((job) => job.id)).toEqual(
        expected
          .filter((job) => job.owner === 'bob')
          .slice(0, 1000)
          .map((job) => job.id),
      );
    });

    const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    it.each([
      '',
      'nonsense',
      '!!!',
      'x'.repeat(5000),
      forged({}),
      forged([2, 1, 'a']),
      forged([1, '1', 'a']),
      forged([1, 1]),
      forged([1, 1.5, 'a']),
      forged([1, 1, "a' OR 1=1 --"]),
    ])('refuse the cursor %j', async (cursor) => {
      await expect(store.jobs.list({}, 10, cursor)).rejects.toBeInstanceOf(BadCursorError);
    });

    it('find the one job that matches, wherever it stands', async () => {
      const own = await implementation.make(null);
      const pools = Array.from({ length: 1100 }, (_, n) => `pool-${n}`);
      for (const pool of pools) await own.store.jobs.create(anEntry({ request: { pool } }));
      for (const pool of pools) {
        const page = await own.store.jobs.list({ pool }, 5, null);
        expect(page.items.map((job) => job.request.pool)).toEqual([pool]);
        expect(page.nextCursor).toBeNull();
      }
      await own.dispose();
    }, 30_000);

    it('neither skip nor repeat while jobs come and go', async () => {
      const own = await implementation.make(null);
      const before = Array.from({ length: 120 }, (_, n) => anEntry({ submittedAt: 1000 + n }));
      for (const entry of before) await own.store.jobs.create(entry);
      const seen: string[] = [];
      let cursor: string | null = null;
      let clock = 2000;
      do {
        const page = await own.store.jobs.list({}, 7, cursor);
        seen.push(...page.items.map((job) => job.id));
        cursor = page.nextCursor;
        for (let n = 0; n < 5; n += 1) {
          clock += 1;
          await own.store.jobs.create(anEntry({ submittedAt: clock }));
        }
        // What has been shown may go.
        const gone = page.items[0]?.id ?? '';
        await own.store.jobs.transition(gone, 'QUEUED', 'CANCELLED', { completedAt: clock });
        await own.store.jobs.remove(gone);
      } while (cursor !== null);
      expect(seen).toEqual(before.map((entry) => entry.job.id).reverse());
      await own.dispose();
    });
  });
}
