import type { Logger } from './observability/logger.ts';

/** One step of the way down. A phase that fails or takes too long is logged and left behind. */
export interface ShutdownPhase {
  readonly name: string;
  readonly limitMs: number;
  readonly run: () => Promise<void> | void;
}

const withinLimit = async (phase: ShutdownPhase): Promise<'done' | 'timeout'> => {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(() => resolve('timeout'), phase.limitMs);
  });
  try {
    const work = Promise.resolve(phase.run()).then(() => 'done' as const);
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
};

/** Runs the phases in order, each within its own limit; answers whether all of them were clean. */
export const runShutdown = async (
  phases: readonly ShutdownPhase[],
  logger: Pick<Logger, 'info' | 'warn' | 'error'>,
): Promise<boolean> => {
  let clean = true;
  for (const phase of phases) {
    const startedAt = performance.now();
    try {
      const outcome = await withinLimit(phase);
      const ms = Math.round(performance.now() - startedAt);
      if (outcome === 'done') {
        logger.info({ phase: phase.name, ms }, 'shutdown phase done');
      } else {
        clean = false;
        logger.warn({ phase: phase.name, limitMs: phase.limitMs }, 'shutdown phase took too long');
      }
    } catch (error) {
      clean = false;
      logger.error({ phase: phase.name, err: error }, 'shutdown phase failed');
    }
  }
  return clean;
};
