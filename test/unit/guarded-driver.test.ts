import { describe, expect, it } from 'vitest';
import type { Driver, DriverInfo, DriverJob, DriverJobObserver } from '../../src/drivers/driver.ts';
import { GuardedDriver } from '../../src/drivers/guarded-driver.ts';
import { EMPTY_CONFIG } from '../support/driver-config.ts';

const INFO: DriverInfo = {
  appId: 'app-1',
  sparkVersion: '4.0.1',
  scalaVersion: '2.13',
  javaVersion: '17',
  master: 'local',
  uiUrl: null,
  defaultParallelism: 2,
};

const JOB: DriverJob = {
  jobId: 'job-1',
  kind: 'sql',
  sessionId: 'default',
  code: 'SELECT 1',
  parameters: [],
  filePath: null,
  mainClass: null,
  args: [],
  context: null,
  settings: {},
  pool: 'default',
  description: '',
  rowLimit: 10,
  maxResultBytes: 1000,
  maxLogBytes: 1000,
  onOverflow: 'TRUNCATE',
  resultDir: '/nowhere',
};

/** A host whose other side is the test. */
const handHost = () => {
  const heard: string[] = [];
  const jobs = new Map<string, DriverJobObserver>();
  const hooks = { ready: (_: DriverInfo) => {}, contextLost: (_: string) => {} };
  const starts: (() => Promise<DriverInfo>)[] = [];
  const host: Driver = {
    start: () => {
      heard.push('start');
      return (starts.shift() ?? (async () => INFO))().then((info) => {
        hooks.ready(info);
        return info;
      });
    },
    stop: async () => void heard.push('stop'),
    submit: (job, observer) => void jobs.set(job.jobId, observer),
    cancel: (jobId) => void heard.push(`cancel ${jobId}`),
    openSession: async () => {},
    closeSession: async () => {},
    unmodifiableKeys: async () => [],
    setPools: async (pools) => void heard.push(`pools ${pools.map(({ name }) => name)}`),
    stats: () => Promise.reject(new Error('not asked for')),
    onContextLost: (listener) => {
      hooks.contextLost = listener;
    },
    onReady: (listener) => {
      hooks.ready = listener;
    },
  };
  return { host, heard, jobs, hooks, starts };
};

const ears = () => {
  const heard: string[] = [];
  const observer: DriverJobObserver = {
    started: () => heard.push('started'),
    progress: (fraction) => heard.push(`progress ${fraction}`),
    waitsFor: (what) => heard.push(`waits for ${what}`),
    log: (_, text) => heard.push(`log ${text}`),
    schema: () => heard.push('schema'),
    rows: (count) => heard.push(`rows ${count}`),
    succeeded: () => heard.push('succeeded'),
    failed: (error) => heard.push(`failed ${error.code}`),
    cancelled: () => heard.push('cancelled'),
    lost: (error) => heard.push(`lost ${error.code}`),
  };
  return { heard, observer };
};

describe('GuardedDriver', () => {
  it('starts its host once', async () => {
    const { host, heard } = handHost();
    const driver = new GuardedDriver(host);
    expect(await Promise.all([driver.start(EMPTY_CONFIG), driver.start(EMPTY_CONFIG)])).toEqual([
      INFO,
      INFO,
    ]);
    expect(heard).toEqual(['start']);
  });

  it('forgets a start that failed, so that another may be tried', async () => {
    const { host, heard, starts } = handHost();
    starts.push(() => Promise.reject(new Error('no port')));
    const driver = new GuardedDriver(host);
    await expect(driver.start(EMPTY_CONFIG)).rejects.toThrow('no port');
    expect(await driver.start(EMPTY_CONFIG)).toEqual(INFO);
    expect(heard).toEqual(['start', 'start']);
  });

  it('passes pools on at any time: they are for what is started later as well', async () => {
    const { host, heard } = handHost();
    const driver = new GuardedDriver(host);
    await driver.setPools([{ name: 'a', schedulingMode: 'FAIR', weight: 1, minShare: 0 }]);
    await driver.stop();
    await driver.setPools([]);
    expect(heard).toEqual(['pools a', 'stop', 'pools ']);
  });

  it('hands over no job before the host is ready, and says so', async () => {
    const { host, jobs } = handHost();
    const driver = new GuardedDriver(host);
    const { heard, observer } = ears();
    driver.submit(JOB, observer);
    expect(heard).toEqual([]);
    await Promise.resolve();
    expect(heard).toEqual(['lost DRIVER_LOST']);
    expect(jobs.size).toBe(0);
    await expect(driver.openSession('a', {})).rejects.toThrow('not ready');
  });

  it('passes on one end, and nothing after it', async () => {
    const { host, jobs } = handHost();
    const driver = new GuardedDriver(host);
    await driver.start(EMPTY_CONFIG);
    const { heard, observer } = ears();
    driver.submit(JOB, observer);
    const other = jobs.get('job-1');
    other?.started();
    other?.progress(0.5);
    other?.waitsFor('EXECUTORS');
    other?.cancelled();
    other?.cancelled();
    other?.progress(1);
    other?.waitsFor(null);
    other?.lost({} as never);
    expect(heard).toEqual(['started', 'progress 0.5', 'waits for EXECUTORS', 'cancelled']);
  });

  it('ends jobs when their context is gone, and takes new ones when it is back', async () => {
    const { host, jobs, hooks } = handHost();
    const driver = new GuardedDriver(host);
    await driver.start(EMPTY_CONFIG);
    const causes: string[] = [];
    driver.onContextLost((cause) => causes.push(cause));
    const { heard, observer } = ears();
    driver.submit(JOB, observer);
    hooks.contextLost('the master removed it');
    jobs.get('job-1')?.succeeded({} as never);
    driver.submit(JOB, observer);
    await Promise.resolve();
    expect(heard).toEqual(['lost DRIVER_LOST', 'lost DRIVER_LOST']);
    expect(causes).toEqual(['the master removed it']);
    hooks.ready(INFO);
    driver.submit(JOB, observer);
    jobs.get('job-1')?.started();
    expect(heard).toHaveLength(3);
  });

  it('ends what runs when it stops, once, and refuses what comes later', async () => {
    const { host, heard: asked } = handHost();
    const driver = new GuardedDriver(host);
    await driver.start(EMPTY_CONFIG);
    const { heard, observer } = ears();
    driver.submit(JOB, observer);
    await Promise.all([driver.stop(), driver.stop()]);
    driver.submit({ ...JOB, jobId: 'job-2' }, observer);
    await Promise.resolve();
    expect(heard).toEqual(['lost SERVER_STOPPED', 'lost SERVER_STOPPED']);
    expect(asked).toEqual(['start', 'stop']);
  });

  it('cancels only what is under way, and refuses a job that runs already', async () => {
    const { host, heard: asked, jobs } = handHost();
    const driver = new GuardedDriver(host);
    await driver.start(EMPTY_CONFIG);
    const { observer } = ears();
    const twin = ears();
    driver.cancel('job-1');
    driver.submit(JOB, observer);
    driver.submit(JOB, twin.observer);
    driver.cancel('job-1');
    jobs.get('job-1')?.cancelled();
    driver.cancel('job-1');
    await Promise.resolve();
    expect(twin.heard).toEqual(['lost INTERNAL']);
    expect(asked).toEqual(['start', 'cancel job-1']);
  });
});
