import type { Logger } from './observability/logger.ts';
import { type Store, type StoreFailure, StoreUnavailableError } from './store/store.ts';

/** These never pass by themselves and are nobody's data at risk: the start stops. */
const FATAL: readonly StoreFailure[] = ['LOCKED', 'SCHEMA_NEWER'];
const AGAIN_MS = 5000;

export interface StoreOpening {
  /** Resolves once the first try is over: the store is open, or red and being tried again. */
  readonly tried: Promise<void>;
  stop(): void;
}

/**
 * Opens the store and then calls `opened`. A full disk or a damaged file keeps the server up, with
 * a red health component, 503 for everything that needs the history, and the reason in the log;
 * it is tried again until it works.
 */
export const openStore = (
  store: Store,
  logger: Logger,
  opened: () => Promise<void>,
): StoreOpening => {
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  let lastReason: string | null = null;

  const attempt = async (): Promise<void> => {
    try {
      await store.open();
      await opened();
      if (lastReason !== null) logger.info('the store works again');
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || FATAL.includes(error.kind)) throw error;
      // Once for each reason: a log that repeats itself for hours hides what else is in it.
      if (error.message !== lastReason) {
        logger.error({ err: error, kind: error.kind }, 'the store does not work, trying again');
      }
      lastReason = error.message;
      if (!stopped) timer = setTimeout(() => void attempt().catch(fail), AGAIN_MS);
    }
  };
  const fail = (error: unknown): void => {
    logger.error({ err: error }, 'the store was given up');
  };
  return {
    tried: attempt(),
    stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
};
