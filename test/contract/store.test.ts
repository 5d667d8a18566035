import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobState } from '../../src/domain/job.ts';
import type { IdempotencyKey, Store } from '../../src/store/store.ts';
import {
  aJob,
  anEntry,
  anError,
  aResult,
  aSession,
  STORES,
  type StoreUnderTest,
} from '../support/store-fixtures.ts';

const aKey = (over: Partial<IdempotencyKey> = {}): IdempotencyKey => ({
  owner: 'ann',
  key: 'k-1',
  operation: 'statements.create',
  bodyHash: 'hash-1',
  ...over,
});

for (const implementation of STORES) {
  describe(`the ${implementation.name} store`, () => {
    let subject: StoreUnderTest;
    let store: Store;

    beforeEach(async () => {
      subject = await implementation.make(null);
      store = subject.store;
    });

    afterEach(async () => {
      await subject.dispose();
    });

    const ended = async (state: JobState = 'SUCCESS', completedAt = 2000) => {
      const entry = anEntry();
      await store.jobs.create(entry);
      await store.jobs.transition(entry.job.id, 'QUEUED', 'RUNNING', { startedAt: 1000 });
      await store.jobs.transition(entry.job.id, 'RUNNING', state, { completedAt });
      return entry.job.id;
    };

    describe('jobs', () => {
      it('gives back what was put in, field by field', async () => {
        const job = aJob({
          request: {
            code: "SELECT '😀' -- it's",
            description: 'a "quoted" one',
            name: 'nightly',
            tags: { team: 'a', 'cost-centre': '42' },
            sparkConfig: { 'spark.sql.ansi.enabled': 'true' },
            parameters: [{ name: 'n', value: 9, type: 'BIGINT' }],
            args: ['--x'],
            maxRuntimeMs: 5000,
            retry: { maxAttempts: 3, on: ['LOST'] },
          },
          waitingFor: 'DRIVER',
          progress: 0.25,
          error: anError(),
          result: aResult(),
          startedAt: 5,
          completedAt: 6,
          resultPrunedAt: 7,
          lastEventId: 8,
          cancelCause: 'user',
        });
        expect(await store.jobs.create({ job, secrets: null, idempotency: null })).toEqual({
          created: true,
        });
        expect(await store.jobs.get(job.id)).toEqual(job);
        expect(await (await subject.reopen()).jobs.get(job.id)).toEqual(job);
      });

      it('knows no job that was never made', async () => {
        expect(await store.jobs.get('0193-none')).toBeNull();
        expect(await store.jobs.secrets('0193-none')).toBeNull();
        expect(await store.jobs.remove('0193-none')).toBe(false);
        expect(await store.jobs.requestCancel('0193-none', 'user')).toBe(false);
        expect(await store.jobs.transition('0193-none', 'QUEUED', 'RUNNING', {})).toBe(false);
      });

      it('writes a state and what belongs to it together', async () => {
        const { job } = anEntry({ waitingFor: 'POOL' });
        await store.jobs.create({ job, secrets: null, idempotency: null });
        const change = { startedAt: 10, attempt: 1 };
        expect(await store.jobs.transition(job.id, 'QUEUED', 'RUNNING', change)).toBe(true);
        expect(await store.jobs.get(job.id)).toMatchObject({
          state: 'RUNNING',
          startedAt: 10,
          waitingFor: null,
        });
        const end = { completedAt: 20, progress: 1, result: aResult(), lastEventId: 4 };
        expect(await store.jobs.transition(job.id, 'RUNNING', 'SUCCESS', end)).toBe(true);
        expect(await store.jobs.get(job.id)).toEqual({
          ...job,
          state: 'SUCCESS',
          waitingFor: null,
          startedAt: 10,
          ...end,
        });
      });

      it('lets a retry take a running job back to the queue', async () => {
        const { job } = anEntry();
        await store.jobs.create({ job, secrets: null, idempotency: null });
        await store.jobs.transition(job.id, 'QUEUED', 'RUNNING', { startedAt: 10 });
        const change = { attempt: 2, startedAt: null, waitingFor: 'DRIVER' as const };
        expect(await store.jobs.transition(job.id, 'RUNNING', 'QUEUED', change)).toBe(true);
        expect(await store.jobs.get(job.id)).toEqual({ ...job, attempt: 2, waitingFor: 'DRIVER' });
      });

      it('lets exactly one of two concurrent transitions happen', async () => {
        const { job } = anEntry();
        await store.jobs.create({ job, secrets: null, idempotency: null });
        await store.jobs.transition(job.id, 'QUEUED', 'RUNNING', {});
        const answers = await Promise.all([
          store.jobs.transition(job.id, 'RUNNING', 'SUCCESS', { completedAt: 1 }),
          store.jobs.transition(job.id, 'RUNNING', 'FAILED', { completedAt: 2, error: anError() }),
          store.jobs.transition(job.id, 'RUNNING', 'CANCELLED', { completedAt: 3 }),
        ]);
        expect(answers.filter(Boolean)).toHaveLength(1);
        const states = ['SUCCESS', 'FAILED', 'CANCELLED'];
        expect((await store.jobs.get(job.id))?.state).toBe(states[answers.indexOf(true)]);
      });

      it('refuses what the transition table does not allow', async () => {
        const id = await ended('SUCCESS');
        await expect(store.jobs.transition(id, 'SUCCESS', 'RUNNING', {})).rejects.toThrow(
          'does not go from SUCCESS to RUNNING',
        );
        await expect(store.jobs.transition(id, 'RUNNING', 'FAILED', {})).rejects.toThrow(
          'needs the time of its end',
        );
        expect((await store.jobs.get(id))?.state).toBe('SUCCESS');
      });

      it('keeps the first cause of a cancel, and only while the job goes on', async () => {
        const { job } = anEntry();
        await store.jobs.create({ job, secrets: null, idempotency: null });
        const answers = await Promise.all([
          store.jobs.requestCancel(job.id, 'user'),
          store.jobs.requestCancel(job.id, 'timeout'),
        ]);
        expect(answers).toEqual([true, false]);
        expect((await store.jobs.get(job.id))?.cancelCause).toBe('user');
        expect(await store.jobs.requestCancel(await ended(), 'user')).toBe(false);
      });

      it('says what an active job waits for, and leaves an ended one alone', async () => {
        const { job } = anEntry();
        await store.jobs.create({ job, secrets: null, idempotency: null });
        await store.jobs.setWaitingFor(job.id, 'EXECUTORS');
        expect((await store.jobs.get(job.id))?.waitingFor).toBe('EXECUTORS');
        const id = await ended();
        await store.jobs.setWaitingFor(id, 'POOL');
        expect((await store.jobs.get(id))?.waitingFor).toBeNull();
      });

      it('removes an ended job, never an active one', async () => {
        const active = anEntry({ request: { tags: { a: 'b' } } });
        await store.jobs.create(active);
        expect(await store.jobs.remove(active.job.id)).toBe(false);
        expect(await store.jobs.get(active.job.id)).not.toBeNull();
        const id = await ended();
        expect(await store.jobs.remove(id)).toBe(true);
        expect(await store.jobs.get(id)).toBeNull();
        expect(await store.jobs.remove(id)).toBe(false);
      });

      it('counts by state, whatever happens to the jobs', async () => {
        await store.jobs.create(anEntry());
        await store.jobs.create(anEntry({ state: 'RUNNING' }));
        await ended('SUCCESS');
        await ended('LOST');
        await store.jobs.remove(await ended('FAILED'));
        expect(await store.jobs.countByState()).toEqual({
          QUEUED: 1,
          RUNNING: 1,
          SUCCESS: 1,
          FAILED: 0,
          CANCELLED: 0,
          LOST: 1,
        });
      });

      it('hands over the active jobs whole and oldest first', async () => {
        const second = anEntry({ submittedAt: 20, request: { code: 'SELECT 2' } });
        const first = anEntry({ submittedAt: 10, request: { code: 'SELECT 1' } });
        await store.jobs.create(second);
        await store.jobs.create(first);
        await ended();
        expect(await store.jobs.active()).toEqual([first.job, second.job]);
      });

      it('marks a result as pruned', async () => {
        const id = await ended();
        await store.jobs.markResultPruned(id, 99);
        expect((await store.jobs.get(id))?.resultPrunedAt).toBe(99);
      });

      it('refuses a second job under the same id', async () => {
        const entry = anEntry();
        await store.jobs.create(entry);
        await expect(store.jobs.create(entry)).rejects.toThrow('UNIQUE');
        expect((await store.jobs.countByState()).QUEUED).toBe(1);
      });
    });

    describe('pruning', () => {
      it('names the ended jobs that are too old, oldest first', async () => {
        const late = await ended('SUCCESS', 300);
        const early = await ended('FAILED', 100);
        const middle = await ended('CANCELLED', 200);
        await store.jobs.create(anEntry({ submittedAt: 1 }));
        expect(await store.jobs.prunable(201, 10, 10)).toEqual([early, middle]);
        expect(await store.jobs.prunable(200, 10, 10)).toEqual([early]);
        expect(await store.jobs.prunable(1000, 10, 2)).toEqual([early, middle]);
        expect(await store.jobs.prunable(0, 10, 10)).toEqual([]);
        expect(await store.jobs.prunable(0, 1, 10)).toEqual([early, middle]);
        expect(await store.jobs.prunable(0, 0, 10)).toEqual([early, middle, late]);
      });

      it('comes to an end', async () => {
        for (let i = 0; i < 25; i += 1) await ended('SUCCESS', i);
        let pruned = 0;
        for (;;) {
          const ids = await store.jobs.prunable(0, 5, 4);
          if (ids.length === 0) break;
          for (const id of ids) expect(await store.jobs.remove(id)).toBe(true);
          pruned += ids.length;
        }
        expect(pruned).toBe(20);
        expect((await store.jobs.countByState()).SUCCESS).toBe(5);
      });
    });

    describe('idempotency keys', () => {
      it('lead to the job that they made', async () => {
        const first = anEntry({}, { idempotency: aKey() });
        expect(await store.findKeyed('ann', 'statements.create', 'k-1')).toBeNull();
        expect(await store.jobs.create(first)).toEqual({ created: true });
        const second = anEntry({}, { idempotency: aKey({ bodyHash: 'hash-2' }) });
        const known = { resourceId: first.job.id, bodyHash: 'hash-1' };
        expect(await store.jobs.create(second)).toEqual({ created: false, ...known });
        expect(await store.jobs.get(second.job.id)).toBeNull();
        expect(await store.findKeyed('ann', 'statements.create', 'k-1')).toEqual(known);
      });

      it('make one job of two concurrent requests', async () => {
        const entries = [1, 2, 3].map(() => anEntry({}, { idempotency: aKey() }));
        const answers = await Promise.all(entries.map((entry) => store.jobs.create(entry)));
        expect(answers.filter((answer) => answer.created)).toHaveLength(1);
        expect((await store.jobs.countByState()).QUEUED).toBe(1);
      });

      it('belong to one owner and one operation', async () => {
        await store.jobs.create(anEntry({}, { idempotency: aKey() }));
        for (const idempotency of [aKey({ owner: 'bob' }), aKey({ operation: 'jobs.rerun' })]) {
          expect(await store.jobs.create(anEntry({}, { idempotency }))).toEqual({ created: true });
        }
      });

      it('go with the job', async () => {
        const { job } = anEntry();
        await store.jobs.create({ job, secrets: null, idempotency: aKey() });
        await store.jobs.transition(job.id, 'QUEUED', 'CANCELLED', { completedAt: 1 });
        expect(await store.findKeyed('ann', 'statements.create', 'k-1')).not.toBeNull();
        await store.jobs.remove(job.id);
        expect(await store.findKeyed('ann', 'statements.create', 'k-1')).toBeNull();
      });

      it('go with the session, and are not taken by a refused one', async () => {
        const key = aKey({ operation: 'sessions.create' });
        expect(await store.sessions.create(aSession(), key)).toEqual({ created: true });
        expect(await store.sessions.create(aSession({ id: 'other' }), key)).toEqual({
          created: false,
          resourceId: 'reports',
          bodyHash: 'hash-1',
        });
        const unused = aKey({ operation: 'sessions.create', key: 'k-2' });
        expect(await store.sessions.create(aSession(), unused)).toEqual({ taken: true });
        expect(await store.findKeyed('ann', 'sessions.create', 'k-2')).toBeNull();
        await store.sessions.transition('reports', ['STARTING'], 'DEAD', 'idle', 5000);
        await store.sessions.prune(6000);
        expect(await store.findKeyed('ann', 'sessions.create', 'k-1')).toBeNull();
      });
    });

    describe('secrets', () => {
      const secrets = { 'spark.hadoop.fs.s3a.secret.key': 'hunter2' };

      it('are there while the job needs them, through a restart', async () => {
        const { job } = anEntry();
        await store.jobs.create({ job, secrets, idempotency: null });
        expect(await store.jobs.secrets(job.id)).toEqual(secrets);
        store = await subject.reopen();
        await store.jobs.transition(job.id, 'QUEUED', 'RUNNING', {});
        expect(await store.jobs.secrets(job.id)).toEqual(secrets);
      });

      it.each(['SUCCESS', 'FAILED', 'CANCELLED', 'LOST'] as const)(
        'are gone with %s',
        async (to) => {
          const { job } = anEntry();
          await store.jobs.create({ job, secrets, idempotency: null });
          await store.jobs.transition(job.id, 'QUEUED', 'RUNNING', {});
          await store.jobs.transition(job.id, 'RUNNING', to, { completedAt: 1 });
          expect(await store.jobs.secrets(job.id)).toBeNull();
        },
      );

      it('go earlier when the job says so, and stay when a transition did not happen', async () => {
        const { job } = anEntry();
        await store.jobs.create({ job, secrets, idempotency: null });
        await store.jobs.transition(job.id, 'RUNNING', 'SUCCESS', { completedAt: 1 });
        expect(await store.jobs.secrets(job.id)).toEqual(secrets);
        await store.jobs.transition(job.id, 'QUEUED', 'RUNNING', { forgetSecrets: true });
        expect(await store.jobs.secrets(job.id)).toBeNull();
      });
    });

    describe('sessions', () => {
      it('gives back what was put in', async () => {
        const session = aSession({ stateful: true, explicit: false, cause: null });
        expect(await store.sessions.create(session, null)).toEqual({ created: true });
        expect(await store.sessions.get('reports')).toEqual(session);
        expect(await store.sessions.get('none')).toBeNull();
      });

      it('replaces a dead one, never a live one', async () => {
        await store.sessions.create(aSession(), null);
        expect(await store.sessions.create(aSession({ owner: 'bob' }), null)).toEqual({
          taken: true,
        });
        await store.sessions.transition('reports', ['STARTING', 'RUNNING'], 'DEAD', 'idle', 5000);
        expect(await store.sessions.get('reports')).toMatchObject({
          state: 'DEAD',
          cause: 'idle',
          endedAt: 5000,
        });
        const next = aSession({ owner: 'bob', createdAt: 6000 });
        expect(await store.sessions.create(next, null)).toEqual({ created: true });
        expect(await store.sessions.get('reports')).toEqual(next);
      });

      it('lists the live ones and lets one transition win', async () => {
        await store.sessions.create(aSession({ id: 'b', createdAt: 2 }), null);
        await store.sessions.create(aSession({ id: 'a', createdAt: 1 }), null);
        const answers = await Promise.all([
          store.sessions.transition('a', ['STARTING'], 'RUNNING', null, 10),
          store.sessions.transition('a', ['STARTING'], 'DEAD', 'failed', 10),
        ]);
        expect(answers).toEqual([true, false]);
        await store.sessions.transition('b', ['STARTING'], 'DEAD', 'deleted', 10);
        expect((await store.sessions.live()).map((session) => session.id)).toEqual(['a']);
      });

      it('remembers activity forwards only, and that a session holds state', async () => {
        await store.sessions.create(aSession(), null);
        await store.sessions.touch('reports', 2000);
        await store.sessions.touch('reports', 1500);
        await store.sessions.markStateful('reports');
        expect(await store.sessions.get('reports')).toMatchObject({
          lastActivity: 2000,
          stateful: true,
        });
      });

      it('prunes what ended long ago', async () => {
        await store.sessions.create(aSession({ id: 'live' }), null);
        await store.sessions.create(aSession({ id: 'old' }), null);
        await store.sessions.create(aSession({ id: 'new' }), null);
        await store.sessions.transition('old', ['STARTING'], 'DEAD', 'idle', 100);
        await store.sessions.transition('new', ['STARTING'], 'DEAD', 'idle', 200);
        expect(await store.sessions.prune(200)).toBe(1);
        expect(await store.sessions.get('old')).toBeNull();
        expect(await store.sessions.get('new')).not.toBeNull();
        expect(await store.sessions.get('live')).not.toBeNull();
      });
    });

    describe('servers', () => {
      it('registers a server again and again', async () => {
        await store.servers.register('server-1', 100);
        await store.servers.heartbeat('server-1', 200);
        await store.servers.register('server-1', 300);
      });

      it('makes one key for keyed hashes and keeps it', async () => {
        const key = await store.servers.secretKey();
        expect(key).toHaveLength(32);
        expect(await store.servers.secretKey()).toEqual(key);
        expect(await (await subject.reopen()).servers.secretKey()).toEqual(key);
      });
    });

    describe('its own state', () => {
      it('is healthy, with its size', async () => {
        const health = await store.health();
        expect(health).toMatchObject({ ok: true, detail: null });
        expect(health.bytes).toBeGreaterThan(0);
      });

      it('rejects each call once it is closed, and opens again', async () => {
        await store.close();
        await expect(store.jobs.get('x')).rejects.toMatchObject({
          name: 'StoreUnavailableError',
          kind: 'CLOSED',
        });
        expect((await store.health()).ok).toBe(false);
        await store.open();
        expect((await store.health()).ok).toBe(true);
      });
    });
  });
}
