import { Problem } from '../domain/errors.ts';
import { StoreUnavailableError } from '../store/store.ts';

const RETRY_AFTER_SECONDS = 5;
const STOPPING_RETRY_AFTER_SECONDS = 10;

export const storeUnavailable = (cause: unknown): Problem =>
  new Problem('STORE_UNAVAILABLE', 'The history cannot be read or written now.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause,
  });

export const serverStopping = (): Problem =>
  new Problem('SERVER_STOPPING', 'The server is stopping.', {
    retryAfterSeconds: STOPPING_RETRY_AFTER_SECONDS,
  });

/** A use case's answer, with a store that does not work told as the 503 that it is. */
export const answered = async <T>(answer: Promise<T>): Promise<T> => {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof StoreUnavailableError ? storeUnavailable(error) : error;
  }
};
