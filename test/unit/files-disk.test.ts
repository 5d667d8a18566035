import { readdir } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import { UploadDisk } from '../../src/files/upload-disk.ts';
import { uploadName } from '../../src/files/upload-name.ts';
import { person } from '../support/core-fixture.ts';
import { FilesFixture } from '../support/files-fixture.ts';

const ann = person('ann', 'user');
let fixture: FilesFixture;
afterEach(() => fixture?.close());

/** A disk on which something is written, and then no more. */
class FullDisk extends UploadDisk {
  full = true;

  override receive(...[id, content, count]: Parameters<UploadDisk['receive']>) {
    const until = async function* (fills: boolean) {
      for await (const piece of content) {
        yield piece;
        if (fills) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      }
    };
    return super.receive(id, until(this.full), count);
  }
}

const pieces = () => Readable.from([Buffer.alloc(600_000), Buffer.alloc(600_000)]);

it('says that a full disk is full, leaves nothing, and counts nothing', async () => {
  const base = await FilesFixture.open();
  await base.store.close();
  const disk = new FullDisk(base.path('data/files'));
  fixture = await FilesFixture.open({ disk, maxBytes: 2 << 20, maxTotalBytes: 2 << 20 }, base.base);
  for (let turn = 0; turn < 4; turn += 1) {
    await expect(fixture.files.receive(ann, 'a.jar', pieces())).rejects.toMatchObject({
      code: 'STORAGE_FULL',
    });
  }
  expect(await readdir(fixture.path('data/files'))).toEqual([]);
  disk.full = false;
  const received = await fixture.files.receive(ann, 'a.jar', pieces());
  // What has arrived and is not kept yet takes its room as well.
  await expect(fixture.files.receive(ann, 'b.jar', pieces())).rejects.toMatchObject({
    code: 'STORAGE_FULL',
  });
  await fixture.files.discard(received);
  expect((await fixture.files.receive(ann, 'b.jar', pieces())).size).toBe(1_200_000);
});

it.each([
  [null, 'file'],
  ['', 'file'],
  ['a/b\\c.py', 'c.py'],
  ['/', 'file'],
  ['-rf.py', 'rf.py'],
  ['e\u0301t\u00e9.py', 'été.py'],
  ['a\ud800b.py', 'a_b.py'],
  ['tab\tnul\0.py', 'tab_nul_.py'],
  [`${'x'.repeat(300)}.tar.gz`, `${'x'.repeat(177)}.gz`],
  [`a.${'x'.repeat(300)}`, `a.${'x'.repeat(178)}`],
])('makes a name of %j', (given, name) => {
  expect(uploadName(given)).toBe(name);
});
