import { beforeEach, describe, expect, test } from 'vitest';
import type { Job, JobOutcome } from '../../src/domain/job.ts';
import type { DriverJob, DriverJobObserver } from '../../src/drivers/driver.ts';
import { EmbeddedExecutor } from '../../src/executors/embedded/embedded-executor.ts';
import type { ExecutionObserver } from '../../src/executors/executor.ts';
import { sql } from '../support/core-fixture.ts';
import { HandDriver } from '../support/hand-driver.ts';
import { failure, SUCCESS } from '../support/hand-executor.ts';

class TakingDriver extends HandDriver {
  job: DriverJob | null = null;
  observer: DriverJobObserver | null = null;
  fault: Error | null = null;
  override submit(job: DriverJob, observer: DriverJobObserver): void {
    if (this.fault !== null) throw this.fault;
    this.job = job;
    this.observer = observer;
  }
}

let driver: TakingDriver;
let heard: unknown[];
let observer: ExecutionObserver;
beforeEach(() => {
  driver = new TakingDriver();
  heard = [];
  observer = {
    started: () => heard.push('started'),
    progress: (fraction) => heard.push(fraction),
    log: (stream, text) => heard.push([stream, text]),
    wrote: (stream, text) => heard.push(['written', stream, text]),
    application: (application) => heard.push(application),
    waitsFor: (waitingFor) => heard.push(['waits for', waitingFor]),
    ended: (outcome: JobOutcome) => heard.push(outcome),
  };
});

const start = (
  fields: Parameters<typeof sql>[0] = {},
  kind: 'embedded' | 'driver' = 'embedded',
) => {
  const request = sql(fields);
  const job = { id: 'job-1', sessionId: 'light', request } as Job;
  const execution = {
    job,
    request,
    program: null,
    driver,
    resultDir: '/results/job-1',
    maxResultBytes: 7,
    logDir: '/logs/job-1',
    maxLogBytes: 9,
  };
  const executor = new EmbeddedExecutor(kind);
  executor.start(execution, observer);
  return executor;
};

describe('the embedded executor', () => {
  test('hands the whole statement to the driver', () => {
    start({
      code: ' SELECT :a ',
      pool: 'high-priority',
      parameters: [{ name: 'a', value: 1, type: null }],
      sparkConfig: { 'spark.sql.ansi.enabled': 'true' },
      rowLimit: 5,
      onOverflow: 'FAIL',
    });
    expect(driver.job).toEqual({
      jobId: 'job-1',
      kind: 'sql',
      sessionId: 'light',
      code: ' SELECT :a ',
      parameters: [{ name: 'a', value: 1, type: null }],
      filePath: null,
      mainClass: null,
      args: [],
      context: null,
      settings: { 'spark.sql.ansi.enabled': 'true' },
      pool: 'high-priority',
      description: 'SELECT :a',
      rowLimit: 5,
      maxResultBytes: 7,
      maxLogBytes: 9,
      onOverflow: 'FAIL',
      resultDir: '/results/job-1',
    });
  });

  test('passes on what it hears, and one end', () => {
    start();
    driver.observer?.started();
    driver.observer?.progress(0.5);
    driver.observer?.waitsFor('EXECUTORS');
    driver.observer?.waitsFor(null);
    driver.observer?.log('stderr', 'x');
    if (SUCCESS.state === 'SUCCESS') driver.observer?.succeeded(SUCCESS.result);
    driver.observer?.cancelled();
    expect(heard).toEqual([
      'started',
      0.5,
      ['waits for', 'EXECUTORS'],
      ['waits for', null],
      ['stderr', 'x'],
      SUCCESS,
    ]);
  });

  test.each(['FAILED', 'LOST'] as const)('tells a job that %s', (state) => {
    const outcome = failure(state, 'DRIVER_LOST');
    start();
    if (outcome.state === 'FAILED') driver.observer?.failed(outcome.error);
    if (outcome.state === 'LOST') driver.observer?.lost(outcome.error);
    expect(heard).toEqual([outcome]);
  });

  test('never throws: a driver that refuses the job has lost it', () => {
    driver.fault = new Error('not now');
    start();
    expect(heard).toMatchObject([{ state: 'LOST', error: { code: 'DRIVER_LOST' } }]);
  });
});

describe('on a driver that was made for the statement', () => {
  const NOT_FOUND = {
    code: 'SQL_ANALYSIS',
    message: 'The table or view `v` cannot be found.',
    errorClass: 'TABLE_OR_VIEW_NOT_FOUND',
    sqlState: '42P01',
    position: null,
    cause: null,
    hint: null,
    retryable: false,
  };

  test('it runs in the root session, whose configuration has the settings', () => {
    start({ sparkConfig: { 'spark.executor.memory': '2g' } }, 'driver');
    expect(driver.job).toMatchObject({ sessionId: 'default', settings: {} });
  });

  test('what it cannot see there is said', () => {
    start({}, 'driver');
    driver.observer?.failed(NOT_FOUND);
    expect(heard).toEqual([
      {
        state: 'FAILED',
        error: { ...NOT_FOUND, hint: expect.stringContaining('no temporary views') },
      },
    ]);
  });

  test('a hint of Spark stays, and other errors have none of ours', () => {
    start({}, 'driver');
    driver.observer?.failed({ ...NOT_FOUND, errorClass: 'UNRESOLVED_ROUTINE', hint: 'Did you?' });
    expect(heard).toEqual([
      {
        state: 'FAILED',
        error: expect.objectContaining({
          hint: expect.stringMatching(/^Did you\? Its sparkConfig/),
        }),
      },
    ]);
    heard.length = 0;
    start({}, 'driver');
    driver.observer?.failed({ ...NOT_FOUND, errorClass: 'DIVIDE_BY_ZERO' });
    expect(heard).toEqual([{ state: 'FAILED', error: expect.objectContaining({ hint: null }) }]);
  });

  test('in a session the error stays as it is', () => {
    start();
    driver.observer?.failed(NOT_FOUND);
    expect(heard).toEqual([{ state: 'FAILED', error: NOT_FOUND }]);
  });

  test('a cancel goes to the driver that has the job, until it has ended', () => {
    const cancelled: string[] = [];
    driver.cancel = (jobId) => void cancelled.push(jobId);
    const executor = start({}, 'driver');
    executor.cancel('job-1');
    executor.cancel('job-2');
    driver.observer?.cancelled();
    executor.cancel('job-1');
    expect(cancelled).toEqual(['job-1']);
  });
});
