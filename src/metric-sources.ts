import type { JobState } from './domain/job.ts';
import { isTerminal } from './domain/job.ts';
import type { Driver } from './drivers/driver.ts';
import type { Core } from './jobs/core.ts';
import type { JobObserver } from './jobs/job-observer.ts';
import type { JobLabels, MetricSources, Metrics } from './observability/metrics.ts';
import type { Store } from './store/store.ts';

/** Counts and times each change of a job's state. */
export const jobMetrics = (metrics: Metrics, now: () => number): JobObserver => ({
  onTransition(job, from: JobState | null, to) {
    const labels: JobLabels = {
      kind: job.request.kind,
      executor: job.executor,
      pool: job.request.pool,
    };
    const seconds = (since: number): number => Math.max(0, now() - since) / 1000;
    if (from === null) metrics.jobs.submitted(labels);
    else if (to === 'RUNNING') metrics.jobs.started(labels, seconds(job.submittedAt));
    else if (to === 'QUEUED') metrics.jobs.retried(labels);
    else if (isTerminal(to)) {
      metrics.jobs.ended(labels, to, job.startedAt === null ? null : seconds(job.startedAt));
    }
  },
});

/** What a scrape asks the parts of the server for. */
export const metricSources = (core: Core, store: Store, driver: Driver): MetricSources => ({
  pools: () => core.pools.list(),
  async sessions() {
    const counts = new Map<string, { mode: string; state: string; count: number }>();
    for (const { mode, state } of await store.sessions.live()) {
      const entry = counts.get(`${mode} ${state}`) ?? { mode, state, count: 0 };
      entry.count += 1;
      counts.set(`${mode} ${state}`, entry);
    }
    return [...counts.values()];
  },
  storeBytes: async () => (await store.health()).bytes,
  resultBytes: async () => core.gauges.resultBytes,
  fileBytes: () => store.files.totalBytes(),
  fleet: async () => core.gauges.fleet,
  driver: async () => ((await core.health.ready()).ready ? driver.stats() : null),
});
