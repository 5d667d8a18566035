import { Problem } from '../domain/errors.ts';
import type { Pool } from '../domain/pool.ts';

export interface PoolLoad {
  readonly running: number;
  readonly queued: number;
}

/** Use cases of the pools: what is configured, with what runs and waits in each now. */
export class PoolService {
  readonly #pools: ReadonlyMap<string, Pool>;
  readonly #load: (pool: string) => PoolLoad;

  constructor(pools: readonly Pool[], load: (pool: string) => PoolLoad) {
    this.#pools = new Map(pools.map((pool) => [pool.name, pool]));
    this.#load = load;
  }

  async list(): Promise<readonly (Pool & PoolLoad)[]> {
    return [...this.#pools.values()].map((pool) => this.#view(pool));
  }

  async get(name: string): Promise<Pool & PoolLoad> {
    const pool = this.#pools.get(name);
    if (pool === undefined) throw new Problem('NOT_FOUND', `There is no pool "${name}".`);
    return this.#view(pool);
  }

  #view(pool: Pool): Pool & PoolLoad {
    return { ...pool, ...this.#load(pool.name) };
  }
}
