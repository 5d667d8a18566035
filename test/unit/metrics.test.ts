import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { JvmStats } from '../../src/drivers/driver.ts';
import { createMetrics, type MetricSources } from '../../src/observability/metrics.ts';
import type { PoolSource } from '../../src/observability/pool-metrics.ts';

const JVM: JvmStats = {
  heapUsedBytes: 100,
  heapCommittedBytes: 200,
  heapMaxBytes: 400,
  nonHeapUsedBytes: 50,
  threads: 42,
  gc: [{ name: 'G1 Young Generation', count: 3, timeMs: 1500 }],
  activeTasks: 2,
  totalCores: 4,
  pools: [],
};
const aPool = (fields: Partial<PoolSource> = {}): PoolSource => ({
  name: 'default',
  weight: 1,
  minShare: 0,
  maxRunning: null,
  maxQueued: null,
  running: 0,
  queued: 0,
  slotsInUse: 0,
  shareReached: null,
  taskSeconds: 0,
  ...fields,
});
const SOURCES: MetricSources = {
  pools: async () => [
    aPool({ running: 2, queued: 5, slotsInUse: 7, shareReached: 0.75, taskSeconds: 12.5 }),
    aPool({ name: 'interactive', weight: 0.5, minShare: 2, maxRunning: 10, maxQueued: 20 }),
  ],
  sessions: async () => [{ mode: 'SHARED', state: 'RUNNING', count: 3 }],
  storeBytes: async () => 4096,
  resultBytes: async () => 1024,
  fileBytes: async () => 512,
  fleet: async () => ({
    drivers: [
      { purpose: 'isolated', state: 'ready' },
      { purpose: 'isolated', state: 'ready' },
      { purpose: 'warm', state: 'starting' },
    ],
    reservedBytes: 3000,
    limitBytes: 8000,
  }),
  driver: async () => JVM,
};
const JOB = { kind: 'sql', executor: 'embedded', pool: 'default' };

const busy = () => {
  const metrics = createMetrics('1.2.3');
  metrics.observe(SOURCES);
  metrics.jobs.submitted(JOB);
  metrics.jobs.started(JOB, 0.5);
  metrics.jobs.retried(JOB);
  metrics.jobs.ended(JOB, 'SUCCESS', 1.5);
  metrics.jobs.ended(JOB, 'CANCELLED', null);
  metrics.drivers.started('warm');
  metrics.drivers.started('isolated');
  metrics.drivers.failed('isolated');
  metrics.drivers.lost('dedicated');
  metrics.http.answered('jobs.get', 'GET', 200, 0.01);
  return metrics;
};
const linesOf = async (metrics: ReturnType<typeof createMetrics>) =>
  (await metrics.registry.metrics()).split('\n').filter((line) => !line.startsWith('#'));

const promtool = await promisify(execFile)('promtool', ['--version']).then(
  () => true,
  () => false,
);

describe('the metrics', () => {
  it('tell of jobs, pools, sessions, disk and the JVM', async () => {
    const lines = await linesOf(busy());
    const of = 'kind="sql",executor="embedded",pool="default"';
    for (const line of [
      'libra_build_info{version="1.2.3"} 1',
      `libra_jobs_submitted_total{${of}} 1`,
      `libra_jobs_ended_total{${of},state="SUCCESS"} 1`,
      `libra_jobs_ended_total{${of},state="CANCELLED"} 1`,
      `libra_job_retries_total{${of}} 1`,
      'libra_driver_processes{purpose="isolated",state="ready"} 2',
      'libra_driver_processes{purpose="warm",state="starting"} 1',
      'libra_driver_memory_reserved_bytes 3000',
      'libra_driver_memory_limit_bytes 8000',
      'libra_driver_starts_total{purpose="warm"} 1',
      'libra_driver_failures_total{purpose="isolated"} 1',
      'libra_driver_losses_total{purpose="dedicated"} 1',
      `libra_job_wait_seconds_sum{${of}} 0.5`,
      `libra_job_duration_seconds_sum{${of},state="SUCCESS"} 1.5`,
      'libra_jobs_queued{pool="default"} 5',
      'libra_jobs_running{pool="default"} 2',
      'libra_pool_slots{pool="default"} 7',
      'libra_pool_share{pool="default"} 0.75',
      'libra_pool_task_seconds_total{pool="default"} 12.5',
      'libra_pool_task_seconds_total{pool="interactive"} 0',
      'libra_pool_weight{pool="interactive"} 0.5',
      'libra_pool_min_share{pool="interactive"} 2',
      'libra_pool_max_running{pool="interactive"} 10',
      'libra_pool_max_queued{pool="interactive"} 20',
      'libra_sessions{mode="SHARED",state="RUNNING"} 3',
      'libra_store_size_bytes 4096',
      'libra_results_size_bytes 1024',
      'libra_files_size_bytes 512',
      'libra_driver_up 1',
      'jvm_memory_used_bytes{area="heap"} 100',
      'jvm_memory_used_bytes{area="nonheap"} 50',
      'jvm_memory_committed_bytes{area="heap"} 200',
      'jvm_memory_max_bytes{area="heap"} 400',
      'jvm_threads 42',
      'jvm_gc_collections_total{gc="G1 Young Generation"} 3',
      'jvm_gc_collection_seconds_total{gc="G1 Young Generation"} 1.5',
      'spark_active_tasks 2',
      'spark_cores 4',
    ]) {
      expect(lines).toContain(line);
    }
    expect(lines.join('\n')).toMatch(/nodejs_eventloop_lag_p99_seconds \d/);
    // What a pool does not have is no number.
    expect(lines.join('\n')).not.toMatch(
      /libra_pool_(share{pool="interactive"|max_\w+{pool="default")/,
    );
    expect(lines.join('\n')).not.toContain(
      'job_duration_seconds_sum{kind="sql",executor="embedded",pool="default",state="CANCELLED"}',
    );
  });

  it('leave out what nobody can tell, and say that the driver is down', async () => {
    const metrics = createMetrics('1.2.3');
    metrics.observe({
      ...SOURCES,
      storeBytes: async () => {
        throw new Error('the store is gone');
      },
      driver: async () => null,
    });
    const text = (await linesOf(metrics)).join('\n');
    expect(text).toContain('libra_driver_up 0');
    expect(text).toContain('libra_results_size_bytes 1024');
    expect(text).not.toMatch(/^(jvm_|spark_|libra_store_size_bytes)/m);
    // Before anything can be asked.
    expect((await linesOf(createMetrics('1'))).join('\n')).not.toMatch(/^libra_store_size_bytes/m);
  });

  it('do not wait for a driver that does not answer, and ask once a scrape', async () => {
    let asked = 0;
    const metrics = createMetrics('1.2.3');
    metrics.observe({
      ...SOURCES,
      driver: () => {
        asked++;
        return new Promise(() => {});
      },
    });
    expect(await linesOf(metrics)).toContain('libra_driver_up 0');
    expect(asked).toBe(1);
  });

  it('of two servers do not mix', async () => {
    const one = busy();
    expect(await linesOf(createMetrics('2'))).not.toContain('libra_jobs_queued{pool="default"} 5');
    expect(await linesOf(one)).toContain('libra_jobs_queued{pool="default"} 5');
  });

  it('make no series of methods that somebody makes up', async () => {
    const metrics = createMetrics('1.2.3');
    for (const method of ['PROPFIND', 'LOCK', 'TRACE']) {
      metrics.http.answered('unknown', method, 405, 0);
    }
    expect(await linesOf(metrics)).toContain(
      'libra_http_request_duration_seconds_count{operation="unknown",method="OTHER",status="405"} 3',
    );
  });

  it.skipIf(!promtool)('are clean under promtool (Debian package prometheus)', async () => {
    const text = await busy().registry.metrics();
    const child = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
    const said: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    child.stdin.end(text);
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect([code, Buffer.concat(said).toString()]).toEqual([0, '']);
  });
});
