import { beforeAll, describe, expect, it } from 'vitest';
import { HOSTS } from '../support/hosts.ts';
import { failure, query, type RealDriver, submit } from '../support/real-driver.ts';

const cell = (text: string): string => text.split('\n')[2] ?? '';

describe.each(HOSTS)('sessions of the $name driver', ({ open }) => {
  let real: RealDriver;
  beforeAll(async () => {
    real = await open();
  });

  it('gives light sessions views, a current database and settings of their own', async () => {
    const [a, b] = ['light-a', 'light-b'];
    await real.driver.openSession(a, { 'spark.sql.session.timeZone': 'Asia/Tokyo' });
    await real.driver.openSession(b, {});
    await query(real, 'CREATE TEMP VIEW own AS SELECT 7 AS x', { sessionId: a });
    await query(real, 'CREATE SCHEMA IF NOT EXISTS light_db');
    await query(real, 'USE light_db', { sessionId: a });
    await query(real, 'SET spark.sql.shuffle.partitions=17', { sessionId: a });

    const ask = async (code: string, sessionId: string) =>
      cell((await query(real, code, { sessionId })).text);
    expect(await ask('SELECT x FROM own', a)).toBe('[7]');
    expect(await ask('SELECT current_database()', a)).toBe('[light_db]');
    expect(await ask('SELECT current_timezone()', a)).toBe('[Asia/Tokyo]');
    expect(await ask('SET spark.sql.shuffle.partitions', a)).toContain('17');
    for (const other of [b, 'default']) {
      expect(await failure(real, 'SELECT x FROM own', { sessionId: other })).toMatchObject({
        errorClass: 'TABLE_OR_VIEW_NOT_FOUND',
      });
      expect(await ask('SELECT current_database()', other)).toBe('[default]');
      expect(await ask('SELECT current_timezone()', other)).toBe('[Europe/Berlin]');
      expect(await ask('SET spark.sql.shuffle.partitions', other)).toContain('4');
    }
    await real.driver.closeSession(a);
    await real.driver.closeSession(b);
    await query(real, 'DROP SCHEMA light_db');
    const lost = await submit(real, 'SELECT 1', { sessionId: a }).ended;
    expect(lost).toMatchObject({ end: 'lost', error: { code: 'SESSION_LOST', retryable: true } });
  });

  it('refuses a session that is there already, and forgives the close of one that is not', async () => {
    await real.driver.openSession('twice', {});
    await expect(real.driver.openSession('twice', {})).rejects.toThrow('already');
    await real.driver.closeSession('twice');
    await expect(real.driver.closeSession('twice')).resolves.toBeUndefined();
  });

  it('keeps the settings of a statement from a concurrent one', async () => {
    const zone = 'SELECT current_timezone() AS z, max(id) FROM range(0, 3000000, 1, 4)';
    const [own, other] = await Promise.all([
      query(real, zone, { settings: { 'spark.sql.session.timeZone': 'Asia/Tokyo' } }),
      query(real, zone),
    ]);
    expect(cell(own.text)).toContain('Asia/Tokyo');
    expect(cell(other.text)).toContain('Europe/Berlin');
    expect(cell((await query(real, zone)).text)).toContain('Europe/Berlin');
  });

  it('shows a view of the session to a statement with settings of its own', async () => {
    await query(real, 'CREATE OR REPLACE TEMP VIEW seen AS SELECT 9 AS x');
    const settings = { 'spark.sql.ansi.enabled': 'false' };
    expect(cell((await query(real, 'SELECT x / 0 FROM seen', { settings })).text)).toBe('[null]');
    expect(await failure(real, 'SELECT x / 0 FROM seen')).toMatchObject({
      errorClass: 'DIVIDE_BY_ZERO',
    });
  });

  it('tells which keys cannot change at run time', async () => {
    const keys = ['spark.sql.shuffle.partitions', 'spark.executor.memory', 'no.such.key'];
    expect(await real.driver.unmodifiableKeys(keys)).toEqual([
      'spark.executor.memory',
      'no.such.key',
    ]);
  });

  it('runs statements of one session side by side', async () => {
    const slow = submit(real, 'SELECT count(*) FROM range(0, 10000000000000, 1, 1)');
    expect((await query(real, 'SELECT count(*) FROM range(10)')).text).toContain('[10]');
    expect(slow.ends).toEqual([]);
    slow.cancel();
    expect(await slow.ended).toEqual({ end: 'cancelled' });
  });

  it('counts the JVM and its tasks', async () => {
    const stats = await real.driver.stats();
    expect(stats.totalCores).toBe(2);
    expect(stats.threads).toBeGreaterThan(10);
    expect(stats.heapUsedBytes).toBeGreaterThan(1 << 20);
    expect(stats.gc.length).toBeGreaterThan(0);
  });
});
