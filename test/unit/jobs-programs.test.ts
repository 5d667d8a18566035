import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JobRequest } from '../../src/domain/job.ts';
import { CoreFixture } from '../support/core-fixture.ts';
import { settled } from '../support/fake-clock.ts';
import { failure } from '../support/hand-executor.ts';

let core: CoreFixture;
beforeEach(async () => {
  core = await CoreFixture.start();
});
afterEach(() => core.stop());

const FIXED = 'spark.executor.memory';
const JAR = { kind: 'jar', code: null, filePath: 'a.jar' } as const;
const python = (fields: Partial<JobRequest> = {}): Partial<JobRequest> => ({
  kind: 'python',
  code: 'print(1)',
  ...fields,
});

describe('the way of a statement', () => {
  test.each<[Partial<JobRequest>, string]>([
    [{}, 'embedded'],
    [python(), 'embedded'],
    [python({ sparkConfig: { 'spark.sql.ansi.enabled': '1' } }), 'embedded'],
    [python({ sparkConfig: { [FIXED]: '1g' } }), 'spark-submit'],
    [{ kind: 'python-file', code: null, filePath: 'a.py' }, 'spark-submit'],
    [JAR, 'spark-submit'],
    [{ ...JAR, kind: 'jar-class', mainClass: 'A' }, 'embedded'],
    [
      {
        ...JAR,
        kind: 'jar-class',
        mainClass: 'A',
        sparkConfig: { 'spark.sql.ansi.enabled': '1' },
      },
      'spark-submit',
    ],
  ])('%j goes to %s', async (fields, executor) => {
    core.driver.fixedKeys = [FIXED];
    const job = await core.running(fields);
    expect(job).toMatchObject({ executor, state: 'RUNNING' });
    const [execution] = [...core.executor.executions, ...core.submitter.executions];
    expect(execution?.job.id).toBe(job.id);
    expect(execution?.program?.location ?? null).toBe(
      fields.filePath === undefined ? null : `/located/${fields.filePath}`,
    );
  });

  test('a context stays on the driver: what needs another one is refused', async () => {
    core.driver.fixedKeys = [FIXED];
    const refused = core.submit(python({ context: 'c', sparkConfig: { [FIXED]: '1g' } }));
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  test('a class of a remote jar does not go into the driver', async () => {
    const remote = {
      ...JAR,
      kind: 'jar-class',
      mainClass: 'A',
      filePath: 'hdfs://n/a.jar',
    } as const;
    await expect(core.submit(remote)).rejects.toMatchObject({ code: 'FILE_NOT_USABLE' });
  });

  test('a file that has gone meanwhile fails the job', async () => {
    const first = await core.running(JAR);
    const second = await core.running(JAR);
    const third = await core.submit({ ...JAR, filePath: 'b.jar' });
    core.programs.gone.add('b.jar');
    core.submitter.end(first.id);
    core.submitter.end(second.id);
    expect(await core.reached(third.id, 'FAILED')).toMatchObject({
      error: { code: 'PROGRAM_NOT_STARTED', message: expect.stringContaining('b.jar') },
    });
  });
});

describe('programs of their own', () => {
  test('wait for a place among their kind, and hold up nothing else', async () => {
    const jobs = [await core.running(JAR), await core.running(JAR), await core.running(JAR)];
    expect(jobs.map(({ state, waitingFor }) => [state, waitingFor])).toEqual([
      ['RUNNING', null],
      ['RUNNING', null],
      ['QUEUED', 'SPARK_SUBMIT'],
    ]);
    expect((await core.running()).state).toBe('RUNNING');
    core.submitter.end(jobs[0]?.id ?? '');
    await core.reached(jobs[2]?.id ?? '', 'RUNNING');
  });

  test('run without a driver', async () => {
    core.driver.lose();
    expect(await core.running(JAR)).toMatchObject({ state: 'RUNNING' });
    expect(await core.running()).toMatchObject({ state: 'QUEUED', waitingFor: 'DRIVER' });
  });

  test('tell of their application and of what they wait for', async () => {
    const { id } = await core.running(JAR);
    const application = { applicationId: 'app-7', sparkUiUrl: 'http://127.0.0.1:41000' };
    core.submitter.observer(id).application(application);
    core.submitter.observer(id).waitsFor('EXECUTORS');
    expect(await core.get(id)).toMatchObject({ ...application, waitingFor: 'EXECUTORS' });
    expect(await core.stored(id)).toMatchObject({ ...application, waitingFor: 'EXECUTORS' });
    core.submitter.observer(id).waitsFor(null);
    core.submitter.end(id);
    expect(await core.reached(id, 'SUCCESS')).toMatchObject({
      applicationId: 'app-7',
      sparkUiUrl: null,
      waitingFor: null,
    });
  });

  test('a next attempt has an application of its own', async () => {
    const { id } = await core.running({ ...JAR, retry: { maxAttempts: 2, on: ['FAILED'] } });
    core.submitter.observer(id).application({ applicationId: 'app-7', sparkUiUrl: null });
    core.submitter.end(id, failure('FAILED', 'PROGRAM_EXITED'));
    expect(await core.reached(id, 'QUEUED')).toMatchObject({ attempt: 2, applicationId: null });
    expect(await core.stored(id)).toMatchObject({ applicationId: null });
  });
});

describe('when the server ends', () => {
  test('a program goes on, and the next server takes it up where it is', async () => {
    const { id } = await core.running({ ...JAR, sparkConfig: { 'spark.my.password': 'hush' } });
    const before = core;
    core = await core.crash({ serverId: 'server-2' });
    await settled();
    expect(await core.get(id)).toMatchObject({ state: 'RUNNING', attempt: 1 });
    expect(core.submitter.executions[0]?.request.sparkConfig).toEqual({
      'spark.my.password': 'hush',
    });
    expect(before.submitter.cancelled).toEqual([]);
    core.submitter.end(id);
    expect((await core.reached(id, 'SUCCESS')).attempt).toBe(1);
  });

  test('it is taken up even when its file has gone, and counts among those that run', async () => {
    const first = await core.running(JAR);
    await core.running(JAR);
    core = await CoreFixture.start({}, await halted(core));
    core.programs.gone.add('a.jar');
    await settled();
    expect(core.submitter.started).toContain(first.id);
    expect(await core.running({ ...JAR, filePath: 'b.jar' })).toMatchObject({ state: 'QUEUED' });
  });

  test('a cancel that was on its way reaches it', async () => {
    const { id } = await core.running(JAR);
    await core.store.jobs.requestCancel(id, 'changed my mind');
    core = await core.crash();
    await core.reached(id, 'RUNNING');
    expect(core.submitter.cancelled).toEqual([id]);
    core.submitter.end(id, { state: 'CANCELLED', error: null });
    expect(await core.reached(id, 'CANCELLED')).toMatchObject({ cancelCause: 'changed my mind' });
  });

  test('its maxRuntime counts from its start', async () => {
    const { id } = await core.running({ ...JAR, maxRuntimeMs: 10_000 });
    await core.clock.advance(6000);
    core = await core.crash();
    await core.clock.advance(3900);
    expect(core.submitter.cancelled).toEqual([]);
    await core.clock.advance(200);
    await settled();
    expect(core.submitter.cancelled).toEqual([id]);
  });

  test('a drain lets it go, and loses only what runs on the driver', async () => {
    const program = await core.running(JAR);
    const query = await core.running();
    core = await CoreFixture.start({}, await halted(core));
    expect(await core.get(query.id)).toMatchObject({ state: 'LOST' });
    expect(await core.get(program.id)).toMatchObject({ state: 'RUNNING', attempt: 1 });
  });
});

describe('statements of one context', () => {
  test('run one after another in their order, whatever their pools', async () => {
    const first = await core.running(python({ context: 'c' }));
    const second = await core.running(python({ context: 'c', pool: 'high-priority' }));
    const third = await core.running(python({ context: 'c' }));
    const other = await core.running(python({ context: 'd' }));
    expect(
      [first, second, third, other].map(({ state, waitingFor }) => [state, waitingFor]),
    ).toEqual([
      ['RUNNING', null],
      ['QUEUED', 'CONTEXT'],
      ['QUEUED', 'CONTEXT'],
      ['RUNNING', null],
    ]);
    expect((await core.core.pools.list()).map(({ queued }) => queued)).toEqual([1, 1]);
    core.executor.end(other.id);
    core.executor.end(first.id);
    await core.reached(second.id, 'RUNNING');
    expect((await core.get(third.id)).waitingFor).toBe('CONTEXT');
    core.executor.end(second.id);
    await core.reached(third.id, 'RUNNING');
  });

  test('one that is cancelled while it waits lets the next one through', async () => {
    const first = await core.running(python({ context: 'c' }));
    const second = await core.running(python({ context: 'c' }));
    const third = await core.running(python({ context: 'c' }));
    await core.core.jobs.cancel({ name: 'anonymous', roles: ['admin'] }, second.id, 'not needed');
    expect(await core.stateOf(second.id)).toBe('CANCELLED');
    core.executor.end(first.id);
    await core.reached(third.id, 'RUNNING');
    expect(core.executor.started).toEqual([first.id, third.id]);
  });

  test('the same name in another session is another context', async () => {
    await core.running(python({ context: 'c' }));
    const other = await core.running(python({ context: 'c' }), { session: 'light' });
    expect(other.state).toBe('RUNNING');
  });

  test('are LOST with the variables when the server ends', async () => {
    await core.running(python({ context: 'c' }));
    const waiting = await core.submit(python({ context: 'c' }));
    core = await core.crash();
    expect(await core.stored(waiting.id)).toMatchObject({
      state: 'LOST',
      error: { code: 'SESSION_LOST' },
    });
  });
});

/** Drained in order, with its data kept for the next life. */
const halted = async (fixture: CoreFixture): Promise<CoreFixture> => {
  const drained = fixture.core.drain(0);
  for (let second = 0; second < 10; second += 1) await fixture.clock.advance(1000);
  await drained;
  expect(fixture.submitter.released).toBe(true);
  await fixture.store.close();
  return fixture;
};
