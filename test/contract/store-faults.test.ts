import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { StoreUnavailableError } from '../../src/store/store.ts';
import { anEntry, STORES, temporaryFolder } from '../support/store-fixtures.ts';

const endedJob = (code = 'SELECT 1') =>
  anEntry({ state: 'SUCCESS', completedAt: 2000, request: { code } });

const LARGE = 'x'.repeat(20_000);

for (const implementation of STORES) {
  describe(`the ${implementation.name} store without room`, () => {
    it('refuses what does not fit, keeps what it acknowledged, and goes on when there is room', async () => {
      const subject = await implementation.make(1_500_000);
      const { store } = subject;
      const acknowledged: string[] = [];
      const fill = async () => {
        for (;;) {
          const entry = endedJob(LARGE);
          await store.jobs.create(entry);
          acknowledged.push(entry.job.id);
        }
      };

      await expect(fill()).rejects.toMatchObject({
        name: 'StoreUnavailableError',
        kind: 'FULL',
        message: 'The disk of the store is full',
      });
      expect(acknowledged.length).toBeGreaterThan(10);
      expect(await store.health()).toMatchObject({
        ok: false,
        detail: 'The disk of the store is full',
      });
      for (const id of acknowledged) {
        expect((await store.jobs.get(id))?.request.code).toBe(LARGE);
      }
      expect((await store.jobs.countByState()).SUCCESS).toBe(acknowledged.length);

      for (const id of acknowledged.splice(0, 5)) expect(await store.jobs.remove(id)).toBe(true);
      expect(await store.health()).toMatchObject({ ok: true, detail: null });
      const entry = endedJob(LARGE);
      expect(await store.jobs.create(entry)).toEqual({ created: true });

      const again = await subject.reopen();
      for (const id of [...acknowledged, entry.job.id]) {
        expect(await again.jobs.get(id)).not.toBeNull();
      }
      await subject.dispose();
    });
  });
}

describe('the file of the sqlite store', () => {
  let dataDir: string;
  let file: string;
  let store: SqliteStore;

  beforeEach(async () => {
    dataDir = await temporaryFolder();
    file = join(dataDir, 'libra.db');
    store = new SqliteStore({ dataDir });
  });

  afterEach(async () => {
    await store.close();
    await rm(dataDir, { recursive: true });
  });

  const filled = async (count: number): Promise<string[]> => {
    await store.open();
    const ids: string[] = [];
    for (let n = 0; n < count; n += 1) {
      const entry = endedJob();
      await store.jobs.create(entry);
      ids.push(entry.job.id);
    }
    await store.close();
    return ids;
  };

  const overwrite = async (at: number, bytes: Buffer): Promise<void> => {
    const content = await readFile(file);
    bytes.copy(content, at);
    await writeFile(file, content);
  };

  const refused = async (kind: string, words: string): Promise<void> => {
    const before = await readFile(file);
    const error: unknown = await store.open().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(error).toMatchObject({ kind });
    expect((error as Error).message).toContain(words);
    expect((error as Error).message).toContain(file);
    const health = await store.health();
    expect(health.ok).toBe(false);
    expect(health.detail).toContain(words);
    expect(health.detail).not.toContain(dataDir);
    expect(await readFile(file)).toEqual(before);
    await expect(store.jobs.get('x')).rejects.toMatchObject({ kind: 'CLOSED' });
  };

  it('is nobody else’s to read, and one file once it is closed', async () => {
    await filled(1);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await readdir(dataDir)).sort()).toEqual(['libra.db', 'server.json', 'server.lock']);
  });

  it('with garbage at its start is refused and left alone', async () => {
    await filled(5);
    await overwrite(0, Buffer.alloc(200, 'garbage!'));
    await refused('NOT_A_STORE', 'is not a database');
  });

  it('may be given up while it is being opened', async () => {
    const opening = store.open();
    await Promise.all([store.close(), store.close()]);
    await opening;
    await expect(store.jobs.get('x')).rejects.toMatchObject({ kind: 'CLOSED' });
    await writeFile(file, 'Dear diary, '.repeat(1000));
    const failing = store.open().catch((cause: unknown) => cause);
    await store.close();
    expect(await failing).toMatchObject({ kind: 'NOT_A_STORE' });
  });

  it('that is a text is refused and left alone', async () => {
    await writeFile(file, 'Dear diary, '.repeat(1000));
    await refused('NOT_A_STORE', 'is not a database');
  });

  it('that is a database of something else is refused and left alone', async () => {
    const foreign = new Database(file);
    foreign.exec('CREATE TABLE recipes (name TEXT)');
    foreign.close();
    await refused('NOT_A_STORE', 'not of Libra');
  });

  it('of a newer server is refused and left alone', async () => {
    await filled(1);
    const newer = new Database(file);
    newer.exec(`INSERT INTO schema_migrations VALUES ('0999-from-the-future', '2030-01-01')`);
    newer.close();
    await refused('SCHEMA_NEWER', 'newer Libra (schema 0999-from-the-future');
  });

  it('can be mended and opened without a new process', async () => {
    const [id = ''] = await filled(1);
    const good = await readFile(file);
    await overwrite(0, Buffer.alloc(200, 'garbage!'));
    await expect(store.open()).rejects.toMatchObject({ kind: 'NOT_A_STORE' });
    await writeFile(file, good);
    await store.open();
    expect(await store.jobs.get(id)).not.toBeNull();
    expect((await store.health()).ok).toBe(true);
  });

  it('with damaged pages says so at the call, turns red, and is written no more', async () => {
    const ids = await filled(200);
    const database = new Database(file);
    const pageBytes = Number(database.pragma('page_size', { simple: true }));
    const leaves = database
      .prepare(`SELECT pageno FROM dbstat WHERE name = 'jobs' AND pagetype = 'leaf'`)
      .pluck()
      .all() as number[];
    database.close();
    expect(leaves.length).toBeGreaterThan(3);
    for (const leaf of leaves.slice(1)) {
      await overwrite((leaf - 1) * pageBytes, Buffer.alloc(pageBytes, 0xa5));
    }

    await store.open();
    const answers = await Promise.allSettled(ids.map((id) => store.jobs.get(id)));
    const faults = answers.flatMap((answer) =>
      answer.status === 'rejected' ? [answer.reason as unknown] : [],
    );
    expect(faults.length).toBeGreaterThan(50);
    for (const fault of faults) {
      expect(fault).toMatchObject({ name: 'StoreUnavailableError', kind: 'DAMAGED' });
    }
    // What stands on whole pages can still be read.
    expect(answers[0]).toMatchObject({ status: 'fulfilled', value: { id: ids[0] } });
    expect(await store.health()).toMatchObject({
      ok: false,
      detail: "The store's file is damaged",
    });
    await expect(store.jobs.create(endedJob())).rejects.toMatchObject({ kind: 'DAMAGED' });
  });

  it('that was cut short says so', async () => {
    await filled(200);
    const content = await readFile(file);
    await writeFile(file, content.subarray(0, content.length / 2));
    const readAll = async () => {
      await store.open();
      await store.jobs.list({}, 1000, null);
      await store.jobs.create(endedJob());
    };
    await expect(readAll()).rejects.toMatchObject({ kind: 'DAMAGED' });
    expect((await store.health()).ok).toBe(false);
  });

  it('cannot stand where a folder or another file is', async () => {
    const other = new SqliteStore({ dataDir: join(dataDir, 'file') });
    await writeFile(join(dataDir, 'file'), '');
    await expect(other.open()).rejects.toMatchObject({ kind: 'NOT_WRITABLE' });
    await mkdir(join(dataDir, 'folder', 'libra.db'), { recursive: true });
    const third = new SqliteStore({ dataDir: join(dataDir, 'folder') });
    await expect(third.open()).rejects.toMatchObject({ name: 'StoreUnavailableError' });
  });

  it('opens at the schema that a first start left unfinished', async () => {
    const database = new Database(file);
    database.exec(
      'CREATE TABLE schema_migrations (name TEXT PRIMARY KEY, timestamp TEXT NOT NULL)',
    );
    database.close();
    await store.open();
    expect((await store.health()).ok).toBe(true);
  });

  it('is damaged where a structure in it cannot be read', async () => {
    const [id = ''] = await filled(1);
    const database = new Database(file);
    database.exec(`UPDATE jobs SET request = '{"kind'`);
    database.close();
    await store.open();
    await expect(store.jobs.get(id)).rejects.toMatchObject({
      kind: 'DAMAGED',
      reason: `The store's file is damaged: job ${id} cannot be read`,
    });
  });
});

describe('secrets in the sqlite store', () => {
  const SECRET = 'hunter2-never-to-be-found';

  const standsIn = async (dataDir: string): Promise<string[]> => {
    const found: string[] = [];
    for (const name of await readdir(dataDir)) {
      if ((await readFile(join(dataDir, name))).includes(SECRET)) found.push(name);
    }
    return found;
  };

  it('leave the files soon after their job has ended', async () => {
    const dataDir = await temporaryFolder();
    const store = new SqliteStore({ dataDir });
    await store.open();
    const { job } = anEntry();
    await store.jobs.create({ job, secrets: { password: SECRET }, idempotency: null });
    expect(await standsIn(dataDir)).not.toEqual([]);
    await store.jobs.transition(job.id, 'QUEUED', 'CANCELLED', { completedAt: 1 });
    await vi.waitFor(async () => expect(await standsIn(dataDir)).toEqual([]), {
      timeout: 15_000,
      interval: 50,
    });
    await store.close();
    await rm(dataDir, { recursive: true });
  }, 20_000);

  it('have left the file when the store was closed at once', async () => {
    const dataDir = await temporaryFolder();
    const store = new SqliteStore({ dataDir });
    await store.open();
    for (let n = 0; n < 20; n += 1) {
      const { job } = anEntry();
      await store.jobs.create({ job, secrets: { password: SECRET + n }, idempotency: null });
      await store.jobs.transition(job.id, 'QUEUED', 'LOST', { completedAt: 1 });
      await store.jobs.remove(job.id);
    }
    await store.close();
    expect(await standsIn(dataDir)).toEqual([]);
    await rm(dataDir, { recursive: true });
  });
});
