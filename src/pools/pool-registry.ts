import type { DefinedPool, Pool } from '../domain/pool.ts';
import type { PoolChange } from '../store/store.ts';

/**
 * The pools that there are, and the only place that changes them: those of the file, with what API
 * calls have changed of them on top. Listeners hear of each change when it is in force here.
 */
export class PoolRegistry {
  readonly #file: ReadonlyMap<string, Pool>;
  readonly #live: Map<string, DefinedPool>;
  readonly #listeners: ((pools: readonly DefinedPool[]) => void)[] = [];
  #all: readonly DefinedPool[] = [];
  #names: readonly string[] = [];

  constructor(file: readonly Pool[]) {
    this.#file = new Map(file.map((pool) => [pool.name, pool]));
    this.#live = new Map(file.map((pool) => [pool.name, { ...pool, source: 'FILE' }]));
    this.#changed();
  }

  onChange(listener: (pools: readonly DefinedPool[]) => void): void {
    this.#listeners.push(listener);
  }

  /** Those of the file first, in its order. */
  all(): readonly DefinedPool[] {
    return this.#all;
  }

  names(): readonly string[] {
    return this.#names;
  }

  get(name: string): DefinedPool | undefined {
    return this.#live.get(name);
  }

  isOfFile(name: string): boolean {
    return this.#file.has(name);
  }

  /** What the store has kept of former changes. */
  load(changes: readonly PoolChange[]): void {
    for (const { name, pool } of changes) {
      if (pool === null) this.#live.delete(name);
      else this.#live.set(name, { ...pool, source: 'API' });
    }
    this.#changed();
  }

  put(pool: DefinedPool): void {
    this.#live.set(pool.name, pool);
    this.#changed();
  }

  remove(name: string): void {
    this.#live.delete(name);
    this.#changed();
  }

  #changed(): void {
    const ofFile = [...this.#file.keys()].flatMap((name) => this.#live.get(name) ?? []);
    const others = [...this.#live.values()].filter(({ name }) => !this.#file.has(name));
    this.#all = [...ofFile, ...others];
    this.#names = this.#all.map(({ name }) => name);
    for (const listener of this.#listeners) listener(this.#all);
  }
}
