import { Problem } from '../domain/errors.ts';
import { BadCursorError, StoreUnavailableError } from '../store/store.ts';

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

/** A use case's answer, with what the store says against it told as a problem. */
export const answered = async <T>(answer: Promise<T>): Promise<T> => {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof StoreUnavailableError) throw storeUnavailable(error);
    if (error instanceof BadCursorError) throw new Problem('BAD_CURSOR', `${error.message}.`);
    throw error;
  }
};
