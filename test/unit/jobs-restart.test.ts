import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { ActiveJobs } from '../../src/jobs/active-jobs.ts';
import { HistorySweeper } from '../../src/jobs/history-sweeper.ts';
import { JobLog } from '../../src/jobs/job-log.ts';
import { ResultFolders } from '../../src/jobs/result-folders.ts';
import { ANYONE, CoreFixture } from '../support/core-fixture.ts';
import { settled } from '../support/fake-clock.ts';

let core: CoreFixture;
afterEach(() => core.stop());

const SECRET = { 'spark.my.password': 'hush' };

describe('after a crash', () => {
  test('waiting jobs of default run, in their order, secrets included', async () => {
    core = await CoreFixture.start({ driverReady: false });
    const first = await core.submit({ code: 'SELECT 1' });
    const second = await core.submit({ code: 'SELECT 2' });
    core = await core.crash({ maxRunning: 1, serverId: 'server-2' });
    await core.reached(first.id, 'RUNNING');
    expect(await core.stored(first.id)).toMatchObject({ serverId: 'server-2', attempt: 1 });
    await core.end(first.id);
    await core.end(second.id);
    expect(core.executor.started).toEqual([first.id, second.id]);
    expect((await core.core.sessions.list(ANYONE))[0]?.activeJobs).toBe(0);
  });

  test('a waiting job still has its secrets', async () => {
    core = await CoreFixture.start();
    await core.running();
    await core.running();
    const job = await core.submit({ sparkConfig: SECRET });
    core = await core.crash();
    await core.reached(job.id, 'RUNNING');
    expect(core.executor.executions[0]?.request.sparkConfig).toEqual(SECRET);
  });

  test('what ran in the driver is LOST, and its half result is gone', async () => {
    core = await CoreFixture.start();
    const job = await core.running();
    await mkdir(join(core.dir, 'results', job.id), { recursive: true });
    await writeFile(join(core.dir, 'results', job.id, 'chunk-00000.arrow'), 'x');
    core = await core.crash();
    expect(await core.stored(job.id)).toMatchObject({
      state: 'LOST',
      error: { code: 'DRIVER_LOST' },
    });
    expect((await readdir(join(core.dir, 'results'))).includes(job.id)).toBe(false);
    expect(core.executor.started).toEqual([]);
  });

  test('what ran and may be retried runs again, as long as it has attempts', async () => {
    core = await CoreFixture.start();
    const job = await core.running({ retry: { maxAttempts: 2, on: ['LOST'] } });
    core = await core.crash();
    expect(await core.reached(job.id, 'RUNNING')).toMatchObject({ attempt: 2 });
    core = await core.crash();
    expect(await core.stored(job.id)).toMatchObject({ state: 'LOST', attempt: 2 });
  });

  test('a job whose cancel was on its way does not run', async () => {
    core = await CoreFixture.start({ driverReady: false });
    const job = await core.submit();
    await core.store.jobs.requestCancel(job.id, 'changed my mind');
    core = await core.crash();
    expect(await core.stored(job.id)).toMatchObject({ state: 'CANCELLED' });
  });

  test('jobs of a session without state run in it, made again', async () => {
    core = await CoreFixture.start();
    await core.core.sessions.create(
      ANYONE,
      {
        sessionId: 'etl',
        mode: null,
        sparkConfig: { 'spark.sql.ansi.enabled': 'false' },
        idleTimeoutMs: null,
      },
      null,
    );
    await core.running();
    await core.running();
    const job = await core.submit({}, { session: 'etl' });
    core = await core.crash();
    await core.reached(job.id, 'RUNNING');
    expect(core.driver.sessions.get('etl')).toEqual({ 'spark.sql.ansi.enabled': 'false' });
    expect((await core.core.sessions.get(ANYONE, 'etl')).session).toMatchObject({
      explicit: true,
      state: 'RUNNING',
    });
  });

  test('jobs of a session that held state are LOST with SESSION_LOST', async () => {
    core = await CoreFixture.start();
    const view = await core.running(
      { code: 'CREATE TEMP VIEW v AS SELECT 1' },
      { session: 'alice' },
    );
    await core.running({}, { session: 'alice' });
    const waiting = await core.submit({ code: 'SELECT * FROM v' }, { session: 'alice' });
    core = await core.crash();
    expect(await core.stored(view.id)).toMatchObject({ error: { code: 'DRIVER_LOST' } });
    expect(await core.stored(waiting.id)).toMatchObject({
      state: 'LOST',
      error: { code: 'SESSION_LOST' },
    });
    expect((await core.core.sessions.list(ANYONE)).map(({ session }) => session.id)).toEqual([
      'default',
    ]);
  });

  test('sessions of the last server are DEAD: one made by POST is not made again', async () => {
    core = await CoreFixture.start();
    const command = { sessionId: 'etl', mode: null, sparkConfig: {}, idleTimeoutMs: null };
    await core.core.sessions.create(ANYONE, command, null);
    await core.running({}, { session: 'light' });
    core = await core.crash();
    expect(await core.store.sessions.get('etl')).toMatchObject({
      state: 'DEAD',
      cause: 'SERVER_STOPPED',
    });
    await expect(core.submit({}, { session: 'etl' })).rejects.toMatchObject({
      code: 'SESSION_GONE',
    });
    expect((await core.running({}, { session: 'light' })).state).toBe('RUNNING');
  });

  test('the whole is settled even when the store fails in the middle of it', async () => {
    core = await CoreFixture.start();
    const jobs = [await core.running(), await core.running(), await core.submit()];
    core.store.broken = true;
    await core.store.close();
    const next = await CoreFixture.open({}, core);
    next.store.before = async (method) => {
      next.store.broken = method === 'secrets';
    };
    await expect(next.core.start()).rejects.toThrow('no space left');
    next.store.before = async () => {};
    next.store.broken = false;
    core = next;
    await core.core.start();
    core.driver.ready();
    expect(await Promise.all(jobs.map(({ id }) => core.stateOf(id)))).toEqual([
      'LOST',
      'LOST',
      'RUNNING',
    ]);
    expect(core.executor.started).toEqual([jobs[2]?.id]);
  });
});

describe('the history', () => {
  const sweeper = (maxCount: number, maxAgeMs: number) => {
    const { clock, store, dir } = core;
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const logsDir = join(dir, 'logs');
    return new HistorySweeper({
      store,
      jobs: new ActiveJobs(clock),
      results: new ResultFolders(join(dir, 'results')),
      jobLog: new JobLog({ dir: logsDir, log }),
      logsDir,
      clock,
      log,
      maxCount,
      maxAgeMs,
    });
  };
  const listed = async () =>
    (await core.core.jobs.list(ANYONE, {}, 1000, null)).items.map(({ id }) => id).sort();

  test('is pruned by count and by age, with results and logs', async () => {
    core = await CoreFixture.start();
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      const job = await core.running();
      core.executor.observer(job.id).log('stderr', 'x');
      await mkdir(join(core.dir, 'results', job.id), { recursive: true });
      await core.end(job.id);
      await core.core.jobs.logs(ANYONE, job.id, 'stderr', 0, 10);
      await core.clock.advance(10);
      ids.push(job.id);
    }
    const active = await core.running();
    expect(await sweeper(3, 1_000_000).sweep()).toBe(2);
    expect(await listed()).toEqual([...ids.slice(2), active.id].sort());
    expect((await readdir(join(core.dir, 'logs'))).sort()).toEqual(ids.slice(2).sort());
    await core.clock.advance(999_975);
    expect(await sweeper(3, 1_000_000).sweep()).toBe(1);
    expect(await listed()).toEqual([...ids.slice(3), active.id].sort());
    await core.clock.advance(1_000_000);
    await sweeper(3, 1_000_000).sweep();
    expect(await listed()).toEqual([active.id]);
    expect(await readdir(join(core.dir, 'results'))).toEqual([]);
    expect(await readdir(join(core.dir, 'logs'))).toEqual([]);
  });

  test('is pruned in batches, however long it got', async () => {
    core = await CoreFixture.start({ maxRunning: 400 });
    const jobs = await Promise.all(Array.from({ length: 250 }, () => core.submit()));
    await settled();
    for (const { id } of jobs) core.executor.end(id);
    await settled();
    expect(await sweeper(10, 1_000_000).sweep()).toBe(240);
    expect(await listed()).toHaveLength(10);
  });

  test('leaves no folder that belongs to no job', async () => {
    core = await CoreFixture.start();
    const job = await core.running();
    for (const id of ['nobodys', job.id]) {
      await mkdir(join(core.dir, 'results', id), { recursive: true });
      await mkdir(join(core.dir, 'logs', id), { recursive: true });
    }
    await sweeper(10, 1_000_000).sweep();
    expect(await readdir(join(core.dir, 'results'))).toEqual([job.id]);
    expect(await readdir(join(core.dir, 'logs'))).toEqual([job.id]);
  });
});
