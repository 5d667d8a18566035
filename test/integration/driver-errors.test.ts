import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { HOSTS } from '../support/hosts.ts';
import { failure, query, type RealDriver, submit } from '../support/real-driver.ts';

const STACK = /\n\s+at |Driver stacktrace|JVM stacktrace/;

describe.each(HOSTS)('errors of the $name driver', ({ open, outOfMemoryEnds }) => {
  let real: RealDriver;
  beforeAll(async () => {
    real = await open();
  });

  it('says where a statement does not parse', async () => {
    const error = await failure(real, 'SELECT 1,\n  FORM x y z');
    expect(error).toMatchObject({ code: 'SQL_PARSE', errorClass: 'PARSE_SYNTAX_ERROR' });
    expect(error).toMatchObject({ sqlState: '42601', retryable: false });
    expect(error.position).toMatchObject({ line: 2 });
    expect(error.message).toContain('Syntax error');
    expect(error.message).not.toMatch(STACK);
  });

  it('says which column does not resolve, where, and what Spark suggests', async () => {
    const error = await failure(real, "SELECT '😀',\n  idd FROM range(3)");
    expect(error).toMatchObject({
      code: 'SQL_ANALYSIS',
      errorClass: 'UNRESOLVED_COLUMN.WITH_SUGGESTION',
      sqlState: '42703',
      position: { line: 2, column: 3, fragment: 'idd' },
    });
    expect(error.hint).toContain('`id`');
    expect(error.message).not.toMatch(STACK);
  });

  it('says which table is missing, where, and what to do', async () => {
    const error = await failure(real, 'SELECT *\nFROM nowhere.missing');
    expect(error).toMatchObject({
      code: 'SQL_ANALYSIS',
      errorClass: 'TABLE_OR_VIEW_NOT_FOUND',
      position: { line: 2, column: 6, fragment: 'nowhere.missing' },
    });
    expect(error.hint).toContain('Check the spelling');
  });

  it('says which file is missing', async () => {
    const error = await failure(real, 'SELECT * FROM parquet.`/no/such/file`');
    expect(error).toMatchObject({ code: 'SQL_ANALYSIS', errorClass: 'PATH_NOT_FOUND' });
  });

  it.each([
    ['on the driver', 'SELECT 1 / 0', 8],
    ['in a task', 'SELECT 1 / (id - id) FROM range(3)', 8],
  ])('names a division by zero %s first', async (_, code, column) => {
    const error = await failure(real, code);
    expect(error).toMatchObject({
      code: 'EXECUTION_FAILED',
      errorClass: 'DIVIDE_BY_ZERO',
      sqlState: '22012',
      position: { line: 1, column },
    });
    expect(error.message).toMatch(/^\[DIVIDE_BY_ZERO\]/);
    expect(error.message).not.toMatch(STACK);
    expect(error.hint).toContain('try_divide');
  });

  it('names what a user function threw first', async () => {
    const error = await failure(
      real,
      "SELECT java_method('java.lang.Integer', 'parseInt', CAST(id AS STRING) || 'x') FROM range(2)",
    );
    expect(error.code).toBe('EXECUTION_FAILED');
    expect(error.message).toMatch(/^java\.lang\.NumberFormatException: For input string: "[01]x"/);
    expect(error.message).not.toMatch(STACK);
  });

  it('fails by raise_error with its text', async () => {
    const error = await failure(real, "SELECT raise_error('stop here') FROM range(1)");
    expect(error.message).toContain('stop here');
    expect(error.errorClass).toBe('USER_RAISED_EXCEPTION');
  });

  it('answers again after a task that ran out of memory', async () => {
    const ready = new Promise<void>((resolve) => real.driver.onReady(() => resolve()));
    const ending = await submit(
      real,
      "SELECT length(concat(repeat('x', 2000000000 + CAST(id AS INT)), 'y')) FROM range(1)",
    ).ended;
    if (outOfMemoryEnds === 'job') {
      expect(ending).toMatchObject({ end: 'failed', error: { code: 'EXECUTION_FAILED' } });
    } else {
      expect(ending).toMatchObject({ end: 'lost', error: { code: 'DRIVER_LOST' } });
      await ready;
    }
    expect(JSON.stringify(ending)).toContain('memory');
    expect((await query(real, 'SELECT 1')).rowCount).toBe(1);
  });

  it('refuses what the policy closes', async () => {
    const error = await failure(real, 'ADD JAR /tmp/x.jar');
    expect(error).toMatchObject({ code: 'SQL_REFUSED' });
    expect(error.hint).toContain('libra.sql');
  });

  it('leaves no folder of a failed job behind', async () => {
    const running = submit(real, 'SELECT 1 / (id - 5) FROM range(0, 1000000, 1, 4)');
    expect(await running.ended).toMatchObject({ end: 'failed' });
    expect(existsSync(running.resultDir)).toBe(false);
  });

  it('says that a result could not be stored, without the path', async () => {
    const file = join(real.folder, 'a-file');
    writeFileSync(file, '');
    const error = await failure(real, 'SELECT 1', { resultDir: join(file, 'result') });
    expect(error).toMatchObject({ code: 'RESULT_NOT_STORED', retryable: true });
    expect(JSON.stringify(error)).not.toContain(real.folder);
  });

  it('takes the place of what an earlier attempt has left', async () => {
    const resultDir = join(real.folder, 'left');
    mkdirSync(resultDir);
    writeFileSync(join(resultDir, 'chunk-00000.arrow'), 'half');
    expect((await query(real, 'SELECT 1', { resultDir })).rowCount).toBe(1);
  });
});
