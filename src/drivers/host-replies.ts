import type { JobError } from '../domain/job.ts';
import { type Deferred, deferred } from '../util/deferred.ts';

/** A request that the host answered with an error. */
export class HostRequestError extends Error {
  override readonly name = 'HostRequestError';
  readonly error: JobError;

  constructor(error: JobError) {
    super(error.message);
    this.error = error;
  }
}

/** Brings the answers of a host back to those who asked. */
export class HostReplies {
  readonly #waiting = new Map<number, Deferred<unknown>>();
  #lastId = 0;

  expect(): { readonly requestId: number; readonly answer: Promise<unknown> } {
    this.#lastId += 1;
    const waiting = deferred<unknown>();
    this.#waiting.set(this.#lastId, waiting);
    return { requestId: this.#lastId, answer: waiting.promise };
  }

  settle(requestId: number, value: unknown, error: JobError | null): void {
    const waiting = this.#waiting.get(requestId);
    this.#waiting.delete(requestId);
    if (error === null) waiting?.resolve(value);
    else waiting?.reject(new HostRequestError(error));
  }

  /** Nobody answers any more. */
  abandon(reason: string): void {
    for (const waiting of this.#waiting.values()) waiting.reject(new Error(reason));
    this.#waiting.clear();
  }
}
