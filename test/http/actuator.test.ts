import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/observability/metrics.ts';
import { testApp } from '../support/http-app.ts';
import { standIns } from '../support/http-services.ts';

const get = async (t: ReturnType<typeof testApp>, url: string, accept?: string) => {
  const answer = await t.app.inject({ url, headers: accept === undefined ? {} : { accept } });
  expect(t.contractFaults).toEqual([]);
  return answer;
};
const down = standIns({
  health: {
    components: async () => ({
      diskSpace: { status: 'UP', details: {} },
      ping: { status: 'UP', details: {} },
      spark: { status: 'DOWN', details: { reason: 'the driver is starting' } },
      store: { status: 'UP', details: {} },
    }),
    ready: async () => ({ ready: false, reason: 'the driver is starting' }),
  },
});

describe('health', () => {
  it('has every component', async () => {
    const t = testApp(standIns());
    expect((await get(t, '/actuator/health')).json()).toEqual({
      status: 'UP',
      components: {
        diskSpace: { status: 'UP', details: { freeBytes: 1 } },
        ping: { status: 'UP' },
        spark: { status: 'UP' },
        store: { status: 'UP' },
      },
    });
    expect((await get(t, '/api/v1/health')).json()).toEqual({
      status: 'UP',
      activeSessions: 1,
      version: '1.2.3',
    });
  });

  it('is red when one of them is', async () => {
    const t = testApp(down);
    const answer = await get(t, '/actuator/health');
    expect([answer.statusCode, answer.json().status]).toEqual([503, 'DOWN']);
    expect(answer.json().components.spark).toEqual({
      status: 'DOWN',
      details: { reason: 'the driver is starting' },
    });
    expect((await get(t, '/api/v1/health')).statusCode).toBe(503);
  });

  it('tells alive from ready', async () => {
    const t = testApp(down);
    expect((await get(t, '/actuator/health/liveness')).json()).toEqual({ status: 'UP' });
    const readiness = await get(t, '/actuator/health/readiness');
    expect([readiness.statusCode, readiness.json()]).toEqual([
      503,
      { status: 'DOWN', reason: 'the driver is starting' },
    ]);
    const fine = await get(testApp(standIns()), '/actuator/health/readiness');
    expect([fine.statusCode, fine.json()]).toEqual([200, { status: 'UP' }]);
  });
});

describe('the actuator', () => {
  it('links to what there is, and every link leads there', async () => {
    const t = testApp(standIns());
    const { _links: links } = (await get(t, '/actuator')).json();
    for (const { href, templated } of Object.values<{ href: string; templated: boolean }>(links)) {
      if (!templated) expect((await get(t, href)).statusCode, href).toBe(200);
    }
  });

  it('tells what runs', async () => {
    const t = testApp(standIns(), { info: { spark: { version: '4.0.1' } } });
    expect((await get(t, '/actuator/info')).json()).toEqual({
      app: { name: 'libra', version: '1.2.3' },
      spark: { version: '4.0.1' },
    });
  });

  it('has metrics as text for scrapers, and as JSON for who asks for it', async () => {
    const metrics = createMetrics('1.2.3');
    const job = { kind: 'sql', executor: 'embedded', pool: 'default' };
    metrics.jobs.ended(job, 'SUCCESS', 2);
    metrics.jobs.ended(job, 'FAILED', 3);
    const t = testApp(standIns(), { metrics });
    for (const [url, accept] of [
      ['/actuator/prometheus', 'application/json'],
      ['/actuator/metrics', undefined],
      ['/actuator/metrics', '*/*'],
      ['/actuator/metrics', 'text/plain;version=0.0.4;q=0.5,*/*;q=0.1'],
    ] as const) {
      const text = await get(t, url, accept);
      expect(text.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
      expect(text.body).toContain('libra_jobs_ended_total{');
    }
    const { names } = (await get(t, '/actuator/metrics', 'application/json')).json();
    expect(names).toContain('libra_job_duration_seconds');
    const one = (query = '') =>
      get(t, `/actuator/metrics/libra_job_duration_seconds${query}`, 'application/json');
    expect((await one()).json()).toEqual({
      name: 'libra_job_duration_seconds',
      description: 'Time from the start of a job to its end.',
      baseUnit: 'seconds',
      measurements: [
        { statistic: 'COUNT', value: 2 },
        { statistic: 'TOTAL', value: 5 },
      ],
      availableTags: [
        { tag: 'kind', values: ['sql'] },
        { tag: 'executor', values: ['embedded'] },
        { tag: 'pool', values: ['default'] },
        { tag: 'state', values: ['FAILED', 'SUCCESS'] },
      ],
    });
    expect((await one('?tag=state:FAILED&tag=kind:sql')).json().measurements).toEqual([
      { statistic: 'COUNT', value: 1 },
      { statistic: 'TOTAL', value: 3 },
    ]);
    expect((await one('?tag=state')).statusCode).toBe(400);
    const text = await get(t, '/actuator/metrics/libra_jobs_ended_total', 'text/plain');
    expect(text.body).toContain('state="SUCCESS"} 1');
    expect(text.body).not.toContain('libra_job_duration_seconds');
    expect((await get(t, '/actuator/metrics/nope')).statusCode).toBe(404);
  });

  it('counts requests by operation, and unknown URLs as one', async () => {
    const t = testApp(standIns());
    await t.app.inject({ url: '/api/v1/pools' });
    const series = async () =>
      (await get(t, '/actuator/prometheus')).body
        .split('\n')
        .filter((line) => /^libra_http_request_duration_seconds_count/.test(line));
    await series();
    const before = await series();
    expect(before).toContain(
      'libra_http_request_duration_seconds_count{operation="pools.list",method="GET",status="200"} 1',
    );
    await t.app.inject({ url: '/first-unknown' });
    const known = (await series()).length;
    for (let n = 0; n < 20; n++) await t.app.inject({ url: `/unknown-${n}` });
    expect(await series()).toHaveLength(known);
    expect(await series()).toContain(
      'libra_http_request_duration_seconds_count{operation="unknown",method="GET",status="404"} 21',
    );
  });
});
