import { Counter, Gauge, type Registry } from 'prom-client';

/** What is asked for at each scrape. */
export interface FleetSource {
  readonly drivers: readonly { readonly purpose: string; readonly state: string }[];
  readonly reservedBytes: number;
  readonly limitBytes: number;
}

/** Counted where it happens. */
export interface FleetMetrics {
  started(purpose: string): void;
  failed(purpose: string): void;
  lost(purpose: string): void;
}

/** Metrics of the driver processes beside the shared driver. */
export const declareFleetMetrics = (
  registry: Registry,
  ask: () => Promise<FleetSource | null>,
): FleetMetrics => {
  const registers = [registry];
  new Gauge({
    name: 'libra_driver_processes',
    help: 'Driver processes beside the shared driver, by what they are for and their state.',
    labelNames: ['purpose', 'state'],
    registers,
    async collect() {
      this.reset();
      for (const { purpose, state } of (await ask())?.drivers ?? []) this.inc({ purpose, state });
    },
  });
  const bytes = (name: string, help: string, of: (source: FleetSource) => number) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const source = await ask();
        if (source === null) this.remove();
        else this.set(of(source));
      },
    });
  bytes(
    'libra_driver_memory_reserved_bytes',
    'What these processes may take of the memory by their settings.',
    ({ reservedBytes }) => reservedBytes,
  );
  bytes(
    'libra_driver_memory_limit_bytes',
    'What they may take together: libra.session.memory, or what was computed for it.',
    ({ limitBytes }) => limitBytes,
  );
  const counter = (name: string, help: string): ((purpose: string) => void) => {
    const counted = new Counter({ name, help, labelNames: ['purpose'], registers });
    return (purpose) => counted.inc({ purpose });
  };
  return {
    started: counter('libra_driver_starts_total', 'Driver processes that were to be started.'),
    failed: counter('libra_driver_failures_total', 'Driver processes that were given up.'),
    lost: counter('libra_driver_losses_total', 'Driver processes that ended by themselves.'),
  };
};
