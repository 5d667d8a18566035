import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Pool } from '../../src/domain/pool.ts';
import type { Store } from '../../src/store/store.ts';
import { STORES, type StoreUnderTest } from '../support/store-fixtures.ts';

const aPool = (over: Partial<Pool> = {}): Pool => ({
  name: 'etl',
  schedulingMode: 'FAIR',
  weight: 0.57,
  minShare: 2,
  maxRunning: 4,
  maxQueued: 0,
  ...over,
});

for (const implementation of STORES) {
  describe(`pools in the ${implementation.name} store`, () => {
    let subject: StoreUnderTest;
    let store: Store;

    beforeEach(async () => {
      subject = await implementation.make(null);
      store = subject.store;
    });
    afterEach(() => subject.dispose());

    const put = (pool: Pool, at: number) => store.pools.put({ name: pool.name, pool }, at);

    it('are given back as they were put in, after a restart too', async () => {
      expect(await store.pools.all()).toEqual([]);
      const limited = aPool();
      const open = aPool({
        name: 'open',
        schedulingMode: 'FIFO',
        maxRunning: null,
        maxQueued: null,
      });
      await put(limited, 1);
      await put(open, 2);
      await store.pools.put({ name: 'interactive', pool: null }, 3);
      const expected = [
        { name: 'etl', pool: limited },
        { name: 'open', pool: open },
        { name: 'interactive', pool: null },
      ];
      expect(await store.pools.all()).toEqual(expected);
      expect(await (await subject.reopen()).pools.all()).toEqual(expected);
    });

    it('take the place of what was there, and keep theirs in the order', async () => {
      await put(aPool(), 1);
      await put(aPool({ name: 'later' }), 2);
      await put(aPool({ weight: 3, maxRunning: null }), 3);
      expect((await store.pools.all()).map(({ name, pool }) => [name, pool?.weight])).toEqual([
        ['etl', 3],
        ['later', 0.57],
      ]);
      await store.pools.put({ name: 'etl', pool: null }, 4);
      expect((await store.pools.all())[0]).toEqual({ name: 'etl', pool: null });
      await put(aPool(), 5);
      expect((await store.pools.all())[0]).toEqual({ name: 'etl', pool: aPool() });
    });

    it('are forgotten one by one', async () => {
      await put(aPool(), 1);
      await put(aPool({ name: 'later' }), 2);
      await store.pools.remove('etl');
      await store.pools.remove('never');
      expect((await store.pools.all()).map(({ name }) => name)).toEqual(['later']);
    });
  });
}
