import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { buildOnce } from '../support/build-once.ts';
import { anEntry, temporaryFolder } from '../support/store-fixtures.ts';

const CHILD = resolve(import.meta.dirname, '..', 'support', 'store-child.mjs');

describe('the sqlite store among processes', { timeout: 60_000 }, () => {
  let dist: string;
  let dataDir: string;
  let children: ChildProcess[];

  beforeAll(async () => {
    dist = await buildOnce();
  }, 120_000);

  beforeEach(async () => {
    dataDir = await temporaryFolder();
    children = [];
  });

  afterEach(async () => {
    for (const child of children) await kill(child);
    await rm(dataDir, { recursive: true });
  });

  const start = (task: 'hold' | 'insert') => {
    const child = spawn(process.execPath, [CHILD, dist, dataDir, task], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const lines: string[] = [];
    const reader = createInterface({ input: child.stdout });
    reader.on('line', (line) => lines.push(line));
    const closed = once(reader, 'close');
    const said = async (count: number): Promise<void> => {
      while (lines.length < count) {
        await Promise.race([once(reader, 'line'), closed.then(() => lines.push('(ended)'))]);
      }
    };
    return { child, lines, said, closed };
  };

  const kill = async (child: ChildProcess): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };

  const backup = (...args: readonly string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
      const child = execFile(
        process.execPath,
        [join(dist, 'cli', 'backup.js'), ...args],
        (_, stdout, stderr) => done({ code: child.exitCode ?? -1, stdout, stderr }),
      );
    });

  it('lets one server in, names it to the next, and lets go when it is killed', async () => {
    const first = start('hold');
    await first.said(1);
    expect(first.lines).toEqual(['open']);

    const second = start('hold');
    await second.closed;
    expect(second.lines).toHaveLength(1);
    expect(second.lines[0]).toMatch(
      /^refused LOCKED Another Libra server uses this data directory/,
    );
    expect(second.lines[0]).toContain(`process ${first.child.pid} on `);
    expect(second.lines[0]).toContain(`server child-${first.child.pid}`);

    const here = new SqliteStore({ dataDir });
    await expect(here.open()).rejects.toMatchObject({ kind: 'LOCKED' });
    await kill(first.child);
    await here.open();

    const third = start('hold');
    await third.closed;
    expect(third.lines[0]).toContain(`process ${process.pid} on `);
    const beside = new SqliteStore({ dataDir });
    await expect(beside.open()).rejects.toMatchObject({ kind: 'LOCKED' });
    await here.close();
  });

  it('has every job that it acknowledged before it was killed', async () => {
    for (const [round, atLeast] of [50, 400, 1000].entries()) {
      const writer = start('insert');
      await writer.said(1 + atLeast);
      await kill(writer.child);
      await writer.closed;
      const ids = writer.lines.filter((line) => /^[0-9a-f-]{36}$/.test(line));
      expect(ids.length, `round ${round}`).toBeGreaterThanOrEqual(atLeast);

      const store = new SqliteStore({ dataDir });
      await store.open();
      for (const id of ids) expect((await store.jobs.get(id))?.state).toBe('RUNNING');
      expect(await store.health()).toMatchObject({ ok: true });
      const counts = await store.jobs.countByState();
      expect(await store.jobs.active()).toHaveLength(counts.QUEUED + counts.RUNNING);
      await store.close();
    }
  });

  it('is copied whole by another process while jobs come in', async () => {
    const writer = start('insert');
    await writer.said(200);
    const before = writer.lines.slice(1, 200);
    const target = join(dataDir, 'copy.db');
    const done = await backup('--data-dir', dataDir, target);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toContain(target);
    // The server has gone on meanwhile.
    await writer.said(writer.lines.length + 50);
    await kill(writer.child);

    const copy = new Database(target, { readonly: true });
    expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
    copy.close();
    expect((await stat(target)).mode & 0o777).toBe(0o600);
    expect((await readFile(target)).includes('hunter2')).toBe(false);
    expect((await readdir(dataDir)).filter((name) => name.includes('.part'))).toEqual([]);

    const restored = join(dataDir, 'restored');
    const store = new SqliteStore({ dataDir: restored });
    await store.open();
    await store.close();
    await writeFile(join(restored, 'libra.db'), await readFile(target));
    await store.open();
    for (const id of before) expect(await store.jobs.get(id)).not.toBeNull();
    const counts = await store.jobs.countByState();
    expect(await store.jobs.active()).toHaveLength(counts.QUEUED + counts.RUNNING);
    expect(await store.jobs.secrets(before[0] ?? '')).toBeNull();
    await store.close();
  });

  it('is copied by the server itself', async () => {
    const store = new SqliteStore({ dataDir });
    await store.open();
    const entry = anEntry({}, { secrets: { password: 'hunter2' } });
    await store.jobs.create(entry);
    const target = join(dataDir, 'copy.db');
    await Promise.all([store.backup(target), store.jobs.create(anEntry())]);
    await expect(store.backup(target)).rejects.toThrow('is there already');
    await store.close();
    const copy = new Database(target, { readonly: true });
    expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(copy.prepare('SELECT id FROM jobs').pluck().all()).toContain(entry.job.id);
    expect(copy.prepare('SELECT count(*) FROM job_secrets').pluck().get()).toBe(0);
    copy.close();
  });

  describe('bin/libra backup', () => {
    it('does not replace a file unless it is told to', async () => {
      const store = new SqliteStore({ dataDir });
      await store.open();
      await store.close();
      const target = join(dataDir, 'copy.db');
      await writeFile(target, 'precious');
      const refused = await backup('--data-dir', dataDir, target);
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toContain('is there already; --force replaces it');
      expect(await readFile(target, 'utf8')).toBe('precious');
      expect((await backup('--data-dir', dataDir, '--force', target)).code).toBe(0);
      const copy = new Database(target, { readonly: true });
      expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
      copy.close();
    });

    it('says what is wrong, and leaves nothing behind', async () => {
      const nothing = await backup('--data-dir', dataDir, join(dataDir, 'copy.db'));
      expect(nothing.code).toBe(1);
      expect(nothing.stderr).toContain('There is no store in the data directory');
      await writeFile(join(dataDir, 'libra.db'), 'not a database at all '.repeat(100));
      const damaged = await backup('--data-dir', dataDir, join(dataDir, 'copy.db'));
      expect(damaged.code).toBe(1);
      expect(damaged.stderr).toContain('is not a database');
      expect(await readdir(dataDir)).toEqual(['libra.db']);
      const nowhere = await backup('--data-dir', dataDir, join(dataDir, 'none', 'copy.db'));
      expect(nowhere).toMatchObject({ code: 1 });
      expect(nowhere.stderr).toContain('There is no folder');
    });

    it.each([
      [[], 'One FILE is needed'],
      [['a', 'b'], 'One FILE is needed'],
      [['--fast', 'a'], '--fast'],
    ])('shows how it is called after %j', async (args, words) => {
      const answer = await backup(...args);
      expect(answer.code).toBe(2);
      expect(answer.stderr).toContain(words);
      expect(answer.stderr).toContain('Usage: libra backup');
    });
  });
});
