import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ResultManifest } from '../../src/domain/result.ts';
import { HOSTS } from '../support/hosts.ts';
import { query, type RealDriver, submit } from '../support/real-driver.ts';

const END_OF_STREAM = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

const manifestOf = (folder: string): ResultManifest =>
  JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));

/** What any Arrow reader makes of the folder: schema, chunks in order, end mark. */
const arrowOf = (folder: string) =>
  tableFromIPC(
    Buffer.concat([
      Buffer.from(manifestOf(folder).arrowSchema, 'base64'),
      ...manifestOf(folder).chunks.map((chunk) => readFileSync(join(folder, chunk.file))),
      END_OF_STREAM,
    ]),
  );

/** Each line: an expression, its type, the text of its cell. */
const CELLS: readonly (readonly [sql: string, type: string, text: string])[] = [
  ['CAST(NULL AS INT)', 'int', 'null'],
  ['NULL', 'void', 'null'],
  ['true', 'boolean', 'true'],
  ['1Y', 'tinyint', '1'],
  ['-7S', 'smallint', '-7'],
  ['9223372036854775807', 'bigint', '9223372036854775807'],
  [
    "CAST('12345678901234567890.123456789012345678' AS DECIMAL(38,18))",
    'decimal(38,18)',
    '12345678901234567890.123456789012345678',
  ],
  ["CAST('0.000000000000000001' AS DECIMAL(38,18))", 'decimal(38,18)', '0.000000000000000001'],
  ["CAST('NaN' AS DOUBLE)", 'double', 'NaN'],
  ["CAST('Infinity' AS DOUBLE)", 'double', 'Infinity'],
  ["CAST('-Infinity' AS FLOAT)", 'float', '-Infinity'],
  ['CAST(1.5 AS FLOAT)', 'float', '1.5'],
  ['1e100D', 'double', '1.0E100'],
  ["'grüße 😀'", 'string', 'grüße 😀'],
  ["''", 'string', ''],
  ["X'00ffAB'", 'binary', '00FFAB'],
  ["DATE'2024-02-29'", 'date', '2024-02-29'],
  ["DATE'0001-01-01'", 'date', '0001-01-01'],
  ["TIMESTAMP'2024-07-01 12:00:00.123456+00:00'", 'timestamp', '2024-07-01 14:00:00.123456'],
  ["TIMESTAMP_NTZ'2024-07-01 12:00:00.5'", 'timestamp_ntz', '2024-07-01 12:00:00.5'],
  ["INTERVAL '1-2' YEAR TO MONTH", 'interval year to month', "INTERVAL '1-2' YEAR TO MONTH"],
  [
    "INTERVAL '3 04:05:06.000007' DAY TO SECOND",
    'interval day to second',
    "INTERVAL '3 04:05:06.000007' DAY TO SECOND",
  ],
  [
    'make_interval(1, 2, 0, 3, 4, 5, 6.5)',
    'interval',
    '1 years 2 months 3 days 4 hours 5 minutes 6.5 seconds',
  ],
  ['array(1, NULL, 3)', 'array<int>', '[1, null, 3]'],
  ["array(X'01', NULL)", 'array<binary>', '[01, null]'],
  ["map('a', 1, 'b', NULL)", 'map<string,int>', '{a -> 1, b -> null}'],
  [
    "named_struct('a', 1, 'b', named_struct('c', X'0a'))",
    'struct<a:int,b:struct<c:binary>>',
    '{1, {0A}}',
  ],
  ["named_struct('a', 1, 'a', 2)", 'struct<a:int,a:int>', '{1, 2}'],
  [
    "map('k', named_struct('x', DATE'2024-01-01'))",
    'map<string,struct<x:date>>',
    '{k -> {2024-01-01}}',
  ],
  [`parse_json('{"a":[1,"x",null]}')`, 'variant', '{"a":[1,"x",null]}'],
  ["array(parse_json('1'))", 'array<variant>', '[1]'],
  ["'Abc' COLLATE UTF8_LCASE", 'string collate UTF8_LCASE', 'Abc'],
  ["CAST('ab' AS CHAR(5))", 'string', 'ab'],
  ["CAST('ab' AS VARCHAR(5))", 'string', 'ab'],
];

describe.each(HOSTS)('rows of the $name driver', ({ open }) => {
  let real: RealDriver;
  beforeAll(async () => {
    real = await open();
  });

  it.each(CELLS)('prints %s as %s: %s', async (sql, type, text) => {
    // Both ways: from a local relation, and from a job's rows.
    for (const from of ['', ' FROM range(1)']) {
      const result = await query(real, `SELECT ${sql} AS c${from}`);
      expect(result.columns).toEqual([expect.objectContaining({ name: 'c', type })]);
      expect(result.text).toBe(`Schema: struct<c:${type}>\n\n[${text}]\n`);
      expect(result).toMatchObject({ rowCount: 1, truncated: false, complete: true });
    }
  });

  it('prints every cell as the cast of the session does', async () => {
    const cast = CELLS.filter(([, type]) => !type.includes('binary')).map(([sql]) => sql);
    const direct = await query(real, `SELECT ${cast.join(', ')} FROM range(1)`);
    const strings = await query(
      real,
      `SELECT ${cast.map((sql) => `CAST(${sql} AS STRING)`).join(', ')} FROM range(1)`,
    );
    expect(direct.text.split('\n')[2]).toBe(strings.text.split('\n')[2]);
  });

  it('keeps duplicate column names, and makes them unique in Arrow only', async () => {
    const running = submit(
      real,
      "SELECT 1 AS a, 2 AS a, 3 AS a_1, named_struct('x', 4, 'x', 5) AS s",
    );
    const ending = await running.ended;
    expect(ending).toMatchObject({
      end: 'succeeded',
      result: {
        text: 'Schema: struct<a:int,a:int,a_1:int,s:struct<x:int,x:int>>\n\n[1,2,3,{4, 5}]\n',
      },
    });
    const table = arrowOf(running.resultDir);
    expect(table.schema.names).toEqual(['a', 'a_2', 'a_1', 's']);
    expect(
      table.schema.fields[3]?.type.children.map((field: { name: string }) => field.name),
    ).toEqual(['x', 'x_1']);
    expect(running.schemas[0]?.map((column) => column.name)).toEqual(['a', 'a', 'a_1', 's']);
  });

  it('keeps the order of ORDER BY over several partitions', async () => {
    const running = submit(real, 'SELECT id FROM range(0, 50000, 1, 8) ORDER BY id DESC');
    expect(await running.ended).toMatchObject({ result: { rowCount: 50_000, truncated: true } });
    const ids = arrowOf(running.resultDir).getChild('id')?.toArray() as BigInt64Array;
    expect(ids.every((id, index) => id === BigInt(49_999 - index))).toBe(true);
  });

  it('stores one chunk a partition that has rows, and a manifest that fits', async () => {
    const running = submit(real, 'SELECT id FROM range(0, 100, 1, 10) WHERE id >= 50', {
      rowLimit: 3,
    });
    expect(await running.ended).toMatchObject({
      result: {
        text: 'Schema: struct<id:bigint>\n\n[50]\n[51]\n[52]\n',
        rowCount: 50,
        truncated: true,
      },
    });
    const manifest = manifestOf(running.resultDir);
    expect(manifest.chunks.map((chunk) => [chunk.index, chunk.rowOffset, chunk.rowCount])).toEqual(
      [0, 1, 2, 3, 4].map((index) => [index, index * 10, 10]),
    );
    expect(manifest).toMatchObject({ version: 1, timeZone: 'Europe/Berlin', complete: true });
    expect(readdirSync(running.resultDir).sort()).toEqual(
      [...manifest.chunks.map((chunk) => chunk.file), 'manifest.json'].sort(),
    );
    expect(arrowOf(running.resultDir).numRows).toBe(50);
  });

  it('answers commands and empty results without rows', async () => {
    expect((await query(real, 'CREATE OR REPLACE TEMP VIEW driver_rows_v AS SELECT 1')).text).toBe(
      'Schema: struct<>\n\n',
    );
    const empty = submit(real, 'SELECT * FROM range(10) WHERE id < 0');
    expect(await empty.ended).toMatchObject({
      result: {
        text: 'Schema: struct<id:bigint>\n\n',
        rowCount: 0,
        truncated: false,
        byteCount: 0,
      },
    });
    expect(existsSync(join(empty.resultDir, 'manifest.json'))).toBe(true);
    expect(manifestOf(empty.resultDir).chunks).toEqual([]);
    expect(arrowOf(empty.resultDir).numRows).toBe(0);
    expect((await query(real, "SHOW TABLES LIKE 'driver_rows_v'")).text).toContain('driver_rows_v');
  });

  it('runs several lines with comments and a trailing semicolon', async () => {
    const code = '-- first\nSELECT /* in between */ 1 AS a,\n  2 AS b -- last\n;\n';
    expect((await query(real, code)).text).toBe('Schema: struct<a:int,b:int>\n\n[1,2]\n');
  });

  it('answers a LIMIT with the rows that it asks for', async () => {
    expect(await query(real, 'SELECT id FROM range(0, 1000000, 1, 50) LIMIT 7')).toMatchObject({
      rowCount: 7,
    });
    const large = submit(real, 'SELECT id FROM range(0, 1000000, 1, 50) LIMIT 30000');
    expect(await large.ended).toMatchObject({ result: { rowCount: 30_000, complete: true } });
    expect(arrowOf(large.resultDir).numRows).toBe(30_000);
  });
});
