import { Problem } from '../domain/errors.ts';
import type { IdempotencyKey, KeyedResource, ServerStore } from '../store/store.ts';
import { keyedHash } from '../util/keyed-hash.ts';
import type { Idempotency } from './commands.ts';

/** What says how to answer, not what to do; and the key itself. */
const NOT_HASHED = ['wait', 'onTimeout', 'rowLimit', 'idempotencyKey'];

/** Turns what a client sent as a key into what the store compares. Bodies are kept as hashes only. */
export class IdempotencyKeys {
  readonly #servers: ServerStore;
  #key: Promise<Buffer> | null = null;

  constructor(servers: ServerStore) {
    this.#servers = servers;
  }

  async keyOf(owner: string, idempotency: Idempotency): Promise<IdempotencyKey> {
    this.#key ??= this.#servers.secretKey().catch((error: unknown) => {
      this.#key = null;
      throw error;
    });
    const { key, operation, body } = idempotency;
    return { owner, key, operation, bodyHash: keyedHash(await this.#key, hashed(body)) };
  }
}

const hashed = (body: unknown): unknown => {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  return Object.fromEntries(Object.entries(body).filter(([name]) => !NOT_HASHED.includes(name)));
};

/** The resource that the key made; 409 when it was made by another request. */
export const replayed = (key: IdempotencyKey, known: KeyedResource): string => {
  if (known.bodyHash === key.bodyHash) return known.resourceId;
  throw new Problem(
    'IDEMPOTENCY_CONFLICT',
    'This idempotency key was used for a request with another body.',
  );
};
