import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { JvmStats } from '../drivers/driver.ts';
import { declareFleetMetrics, type FleetMetrics, type FleetSource } from './fleet-metrics.ts';
import { declareJvmMetrics } from './jvm-metrics.ts';
import { declarePoolMetrics, type PoolSource } from './pool-metrics.ts';

/** What a job is counted by. */
export interface JobLabels {
  readonly kind: string;
  readonly executor: string;
  readonly pool: string;
}

/** What is asked for at each scrape. A source that fails leaves its series out. */
export interface MetricSources {
  pools(): Promise<readonly PoolSource[]>;
  sessions(): Promise<
    readonly { readonly mode: string; readonly state: string; readonly count: number }[]
  >;
  storeBytes(): Promise<number>;
  resultBytes(): Promise<number>;
  fileBytes(): Promise<number>;
  /** The drivers beside the shared one. */
  fleet(): Promise<FleetSource>;
  /** Null while no driver answers. */
  driver(): Promise<JvmStats | null>;
}

export interface Metrics {
  readonly registry: Registry;
  readonly http: {
    answered(operation: string, method: string, status: number, seconds: number): void;
  };
  readonly jobs: {
    submitted(job: JobLabels): void;
    /** From the acknowledgement to the start of the work. */
    started(job: JobLabels, waitedSeconds: number): void;
    /** `ranSeconds` is null for a job that never started. */
    ended(job: JobLabels, state: string, ranSeconds: number | null): void;
    retried(job: JobLabels): void;
  };
  readonly drivers: FleetMetrics;
  /** Gives the gauges something to ask. */
  observe(sources: MetricSources): void;
}

const JOB = ['kind', 'executor', 'pool'] as const;
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const JOB_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200,
];
const HTTP_BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600,
];

/** Gauges that prom-client names as if they were counters: `promtool check metrics` refuses them. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** Every metric of the server, on a registry of its own: two servers in one process do not mix. */
export const createMetrics = (version: string): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  let sources: MetricSources | null = null;
  const ask = async <T>(question: (from: MetricSources) => Promise<T>): Promise<T | null> => {
    if (sources === null) return null;
    return question(sources).catch(() => null);
  };

  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);

  new Gauge({
    name: 'libra_build_info',
    help: 'Always 1; the version is a label.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);

  const answered = new Histogram({
    name: 'libra_http_request_duration_seconds',
    help: 'Time from the request to the end of its answer; unknown URLs share one operation.',
    labelNames: ['operation', 'method', 'status'],
    buckets: HTTP_BUCKETS,
    registers,
  });
  const submitted = new Counter({
    name: 'libra_jobs_submitted_total',
    help: 'Jobs that were accepted.',
    labelNames: JOB,
    registers,
  });
  const ended = new Counter({
    name: 'libra_jobs_ended_total',
    help: 'Jobs that have ended, by their last state.',
    labelNames: [...JOB, 'state'],
    registers,
  });
  const retried = new Counter({
    name: 'libra_job_retries_total',
    help: 'Attempts after the first.',
    labelNames: JOB,
    registers,
  });
  const waited = new Histogram({
    name: 'libra_job_wait_seconds',
    help: 'Time from the acknowledgement of a job to its start.',
    labelNames: JOB,
    buckets: JOB_BUCKETS,
    registers,
  });
  const ran = new Histogram({
    name: 'libra_job_duration_seconds',
    help: 'Time from the start of a job to its end.',
    labelNames: [...JOB, 'state'],
    buckets: JOB_BUCKETS,
    registers,
  });

  declarePoolMetrics(registry, () => ask((from) => from.pools()));
  new Gauge({
    name: 'libra_sessions',
    help: 'Sessions by mode and state.',
    labelNames: ['mode', 'state'],
    registers,
    async collect() {
      this.reset();
      for (const { mode, state, count } of (await ask((from) => from.sessions())) ?? []) {
        this.set({ mode, state }, count);
      }
    },
  });
  const bytes = (name: string, help: string, question: (from: MetricSources) => Promise<number>) =>
    new Gauge({
      name,
      help,
      labelNames: [] as const,
      registers,
      async collect() {
        const size = await ask(question);
        if (size === null) this.remove();
        else this.set(size);
      },
    });
  bytes('libra_store_size_bytes', 'Size of the history on disk.', (from) => from.storeBytes());
  bytes('libra_results_size_bytes', 'Size of the stored results on disk.', (from) =>
    from.resultBytes(),
  );
  bytes('libra_files_size_bytes', 'Size of the uploaded files.', (from) => from.fileBytes());
  const drivers = declareFleetMetrics(registry, () => ask((from) => from.fleet()));
  declareJvmMetrics(registry, () => ask((from) => from.driver()));

  const labels = ({ kind, executor, pool }: JobLabels): JobLabels => ({ kind, executor, pool });
  return {
    registry,
    http: {
      answered: (operation, method, status, seconds) =>
        answered.observe(
          { operation, method: METHODS.has(method) ? method : 'OTHER', status },
          seconds,
        ),
    },
    jobs: {
      submitted: (job) => submitted.inc(labels(job)),
      started: (job, waitedSeconds) => waited.observe(labels(job), waitedSeconds),
      ended: (job, state, ranSeconds) => {
        ended.inc({ ...labels(job), state });
        if (ranSeconds !== null) ran.observe({ ...labels(job), state }, ranSeconds);
      },
      retried: (job) => retried.inc(labels(job)),
    },
    drivers,
    observe: (from) => {
      sources = from;
    },
  };
};
