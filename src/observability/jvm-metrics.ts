import { Counter, Gauge, type Registry } from 'prom-client';
import type { JvmStats } from '../drivers/driver.ts';

/** One scrape collects many metrics: they share a reading. */
const FRESH_MS = 1000;
/** A driver that is busy starting must not hold up a scrape. */
const PATIENCE_MS = 1000;

type Read = () => Promise<JvmStats | null>;

const shared = (read: Read): Read => {
  let at = Number.NEGATIVE_INFINITY;
  let latest: Promise<JvmStats | null> = Promise.resolve(null);
  return () => {
    if (performance.now() - at > FRESH_MS) {
      at = performance.now();
      latest = Promise.race([
        read(),
        new Promise<null>((resolve) => setTimeout(resolve, PATIENCE_MS, null).unref()),
      ]);
    }
    return latest;
  };
};

export const declareJvmMetrics = (registry: Registry, ask: Read): void => {
  const registers = [registry];
  const read = shared(ask);

  const gauge = <const L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    fill: (gauge: Gauge<L>, reading: JvmStats) => void,
  ) =>
    new Gauge<L>({
      name,
      help,
      labelNames: [...labelNames],
      registers,
      async collect() {
        const reading = await read();
        this.reset();
        // Reset leaves a gauge without labels at 0, which would read as a measurement.
        if (reading === null && labelNames.length === 0) this.remove();
        if (reading !== null) fill(this, reading);
      },
    });

  new Gauge({
    name: 'libra_driver_up',
    help: '1 while the driver of the default session answers.',
    registers,
    async collect() {
      this.set((await read()) === null ? 0 : 1);
    },
  });
  gauge('jvm_memory_used_bytes', 'Memory in use, by area.', ['area'], (used, reading) => {
    used.set({ area: 'heap' }, reading.heapUsedBytes);
    used.set({ area: 'nonheap' }, reading.nonHeapUsedBytes);
  });
  gauge('jvm_memory_committed_bytes', 'Memory held by the JVM.', ['area'], (held, reading) =>
    held.set({ area: 'heap' }, reading.heapCommittedBytes),
  );
  gauge('jvm_memory_max_bytes', 'The most that the area may grow to.', ['area'], (most, reading) =>
    most.set({ area: 'heap' }, reading.heapMaxBytes),
  );
  gauge('jvm_threads', 'Live threads.', [], (threads, reading) => threads.set(reading.threads));
  gauge('spark_active_tasks', 'Tasks that run now.', [], (tasks, reading) =>
    tasks.set(reading.activeTasks),
  );
  gauge('spark_cores', 'Task slots of the application.', [], (cores, reading) =>
    cores.set(reading.totalCores),
  );

  const collector = (name: string, help: string, value: (gc: JvmStats['gc'][number]) => number) =>
    new Counter({
      name,
      help,
      labelNames: ['gc'],
      registers,
      async collect() {
        const reading = await read();
        this.reset();
        // The JVM counts; what it says replaces what was there.
        for (const gc of reading?.gc ?? []) this.inc({ gc: gc.name }, value(gc));
      },
    });
  collector('jvm_gc_collections_total', 'Garbage collections.', (gc) => gc.count);
  collector('jvm_gc_collection_seconds_total', 'Time spent in them.', (gc) => gc.timeMs / 1000);
};
