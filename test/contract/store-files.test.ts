import { v7 as uuid } from 'uuid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoredFile } from '../../src/domain/file.ts';
import type { Store } from '../../src/store/store.ts';
import { BadCursorError } from '../../src/store/store.ts';
import { STORES, type StoreUnderTest } from '../support/store-fixtures.ts';

const aFile = (over: Partial<StoredFile> = {}): StoredFile => ({
  id: uuid(),
  owner: 'ann',
  name: 'wörd count.jar',
  size: 10,
  sha256: 'ab'.repeat(32),
  uploadedAt: 1000,
  ...over,
});

const aKey = (bodyHash = 'hash-1') => ({
  owner: 'ann',
  key: 'k-1',
  operation: 'files.create',
  bodyHash,
});

for (const implementation of STORES) {
  describe(`files in the ${implementation.name} store`, () => {
    let subject: StoreUnderTest;
    let store: Store;

    beforeEach(async () => {
      subject = await implementation.make(null);
      store = subject.store;
    });
    afterEach(() => subject.dispose());

    it('are given back as they were put in, after a restart too', async () => {
      const file = aFile({ size: 2 ** 40 });
      expect(await store.files.create(file, null)).toEqual({ created: true });
      expect(await store.files.get(file.id)).toEqual(file);
      expect(await (await subject.reopen()).files.get(file.id)).toEqual(file);
    });

    it('are made once for a key, which goes with the file', async () => {
      const first = aFile();
      await store.files.create(first, aKey());
      expect(await store.files.create(aFile(), aKey('other'))).toEqual({
        created: false,
        resourceId: first.id,
        bodyHash: 'hash-1',
      });
      expect((await store.files.list(null, 10, null)).items).toEqual([first]);
      expect(await store.files.remove(first.id)).toBe(true);
      expect(await store.findKeyed('ann', 'files.create', 'k-1')).toBeNull();
      expect(await store.files.create(aFile(), aKey())).toEqual({ created: true });
    });

    it('are unknown once they are removed', async () => {
      const file = aFile();
      await store.files.create(file, null);
      expect(await store.files.remove(file.id)).toBe(true);
      expect(await store.files.remove(file.id)).toBe(false);
      expect(await store.files.get(file.id)).toBeNull();
    });

    it('are counted in bytes', async () => {
      expect(await store.files.totalBytes()).toBe(0);
      const file = aFile({ size: 7 });
      await store.files.create(file, null);
      await store.files.create(aFile({ size: 2 ** 40 }), null);
      expect(await store.files.totalBytes()).toBe(2 ** 40 + 7);
      await store.files.remove(file.id);
      expect(await store.files.totalBytes()).toBe(2 ** 40);
    });

    it('come in pages, newest first, those of one owner or of all', async () => {
      const files = [3000, 1000, 2000, 2000].map((uploadedAt, place) =>
        aFile({ uploadedAt, owner: place === 1 ? 'ben' : 'ann', id: `${place}${uuid().slice(1)}` }),
      );
      for (const file of files) await store.files.create(file, null);
      const inOrder = [files[0], files[3], files[2], files[1]];

      const seen: StoredFile[] = [];
      let cursor: string | null = null;
      do {
        const page = await store.files.list(null, 2, cursor);
        expect(page.items.length).toBeLessThanOrEqual(2);
        seen.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(seen).toEqual(inOrder);
      expect((await store.files.list('ann', 10, null)).items).toEqual(inOrder.slice(0, 3));
      expect((await store.files.list('ann', 3, null)).nextCursor).toBeNull();
      await expect(store.files.list(null, 10, 'no cursor')).rejects.toThrow(BadCursorError);
    });
  });
}
