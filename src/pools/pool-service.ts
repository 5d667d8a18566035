import { Problem } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import type { DefinedPool, Pool } from '../domain/pool.ts';
import { DEFAULT_POOL, MOST_POOLS } from '../domain/pool.ts';
import { answered, storeUnavailable } from '../jobs/store-problem.ts';
import type { PoolStore } from '../store/store.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Load } from './admission.ts';
import type { PoolBroadcast } from './pool-broadcast.ts';
import type { PoolRegistry } from './pool-registry.ts';
import type { PoolUsage, Usage } from './pool-usage.ts';
import type { PoolWaits, Waits } from './pool-waits.ts';

export interface PoolView extends DefinedPool, Load, Usage {
  readonly waitMs: Waits;
}

export interface PoolServiceOptions {
  readonly registry: PoolRegistry;
  readonly store: PoolStore;
  readonly broadcast: PoolBroadcast;
  readonly usage: PoolUsage;
  readonly waits: PoolWaits;
  readonly loadOf: (pool: string) => Load;
  /** How many jobs of the pool have not ended, those on their way to the disk and to a retry too. */
  readonly workOf: (pool: string) => number;
  readonly clock: Clock;
  readonly log: Log;
  /** Throws before the settling, and from the drain on. */
  readonly requireOpen: () => void;
}

/**
 * Use cases of the pools. Changes come one after another. Each is decided in one turn of the event
 * loop, and a job counts for its pool from such a turn on: no job ever finds its pool gone.
 */
export class PoolService {
  readonly #options: PoolServiceOptions;
  #last: Promise<unknown> = Promise.resolve();
  #loaded = false;

  constructor(options: PoolServiceOptions) {
    this.#options = options;
  }

  /** What the last server's calls have changed, before anything is settled. */
  async start(): Promise<void> {
    const { registry, store } = this.#options;
    registry.load(await store.all());
    this.#loaded = true;
  }

  async list(): Promise<readonly PoolView[]> {
    const { registry, usage } = this.#options;
    this.#requireLoaded();
    await usage.refresh();
    const usageOf = usage.read();
    return registry.all().map((pool) => this.#view(pool, usageOf));
  }

  async get(name: string): Promise<PoolView> {
    this.#known(name);
    const { usage } = this.#options;
    await usage.refresh();
    return this.#view(this.#known(name), usage.read());
  }

  /** Makes the pool or takes its place; in force for what runs when it answers. */
  async put(
    { name: by }: Identity,
    wanted: Pool,
  ): Promise<{ readonly view: PoolView; readonly created: boolean }> {
    const { registry, store, broadcast, usage, clock, log } = this.#options;
    const { name } = wanted;
    const pool: DefinedPool = { ...wanted, source: 'API' };
    const created = await this.#inTurn(async () => {
      const isNew = registry.get(name) === undefined;
      if (isNew && registry.all().length >= MOST_POOLS) throw tooMany();
      await answered(store.put({ name, pool: wanted }, clock.now()));
      registry.put(pool);
      return isNew;
    });
    log.info({ by, pool: wanted }, created ? 'a pool was made' : 'a pool was changed');
    await Promise.all([broadcast.arrived(), usage.refresh()]);
    // Somebody may have deleted it by now: this is what was done here.
    return { view: this.#view(pool, usage.read()), created };
  }

  async remove({ name: by }: Identity, name: string): Promise<void> {
    const { registry, broadcast, log } = this.#options;
    await this.#inTurn(async () => {
      const pool = this.#known(name);
      if (name === DEFAULT_POOL) throw isDefault();
      const work = this.#options.workOf(name);
      if (work > 0) throw inUse(name, work);
      registry.remove(name);
      try {
        await this.#forget(name);
      } catch (error) {
        registry.put(pool);
        throw error;
      }
    });
    log.info({ by, pool: name }, 'a pool was deleted');
    await broadcast.arrived();
  }

  /** One of the file would be there again after a restart. */
  #forget(name: string): Promise<void> {
    const { registry, store, clock } = this.#options;
    return answered(
      registry.isOfFile(name) ? store.put({ name, pool: null }, clock.now()) : store.remove(name),
    );
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => {
      this.#options.requireOpen();
      return change();
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  #requireLoaded(): void {
    if (!this.#loaded) throw storeUnavailable(null);
  }

  #known(name: string): DefinedPool {
    this.#requireLoaded();
    const pool = this.#options.registry.get(name);
    if (pool === undefined) throw new Problem('NOT_FOUND', `There is no pool "${name}".`);
    return pool;
  }

  #view(pool: DefinedPool, usageOf: (pool: string) => Usage): PoolView {
    const { loadOf, waits } = this.#options;
    const { name } = pool;
    return { ...pool, ...loadOf(name), ...usageOf(name), waitMs: waits.of(name) };
  }
}

const tooMany = (): Problem =>
  new Problem('POOL_LIMIT', `There are ${MOST_POOLS} pools already, and no more may be made.`);

const isDefault = (): Problem =>
  new Problem('POOL_PROTECTED', 'What names no pool runs in "default": it can only be changed.');

const inUse = (name: string, work: number): Problem =>
  new Problem(
    'POOL_IN_USE',
    `The pool "${name}" has ${work === 1 ? 'a job that has' : `${work} jobs that have`} not ended.`,
  );
