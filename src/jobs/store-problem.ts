import { Problem } from '../domain/errors.ts';
import { StoreUnavailableError } from '../store/store.ts';

const RETRY_AFTER_SECONDS = 5;

/** A use case's answer, with a store that does not work told as the 503 that it is. */
export const answered = async <T>(answer: Promise<T>): Promise<T> => {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    throw new Problem('STORE_UNAVAILABLE', 'The history cannot be read or written now.', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      cause: error,
    });
  }
};
