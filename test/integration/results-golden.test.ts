import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job.ts';
import type { ResultSummary } from '../../src/domain/result.ts';
import type { DriverJob } from '../../src/drivers/driver.ts';
import { ResultFolder } from '../../src/results/result-folder.ts';
import { type ResultFormat, ResultService } from '../../src/results/result-service.ts';
import { RESULT_FIXTURES } from '../support/arrow-fixtures.ts';
import { query, type RealDriver, realDriver } from '../support/real-driver.ts';

/**
 * Each expression, its type, and its cell as text, JSON and CSV: written down here, made by the
 * real Spark and the result store. The time zone of the test driver is Europe/Berlin.
 */
const GOLDENS: readonly (readonly [
  sql: string,
  type: string,
  text: string,
  json: string,
  csv: string,
])[] = [
  ['true', 'boolean', 'true', 'true', 'true'],
  ['CAST(NULL AS BOOLEAN)', 'boolean', 'null', 'null', ''],
  ['127Y', 'tinyint', '127', '127', '127'],
  ['-32768S', 'smallint', '-32768', '-32768', '-32768'],
  ['2147483647', 'int', '2147483647', '2147483647', '2147483647'],
  ['9007199254740993L', 'bigint', '9007199254740993', '"9007199254740993"', '9007199254740993'],
  [
    '-9223372036854775808L',
    'bigint',
    '-9223372036854775808',
    '"-9223372036854775808"',
    '-9223372036854775808',
  ],
  ['CAST(NULL AS BIGINT)', 'bigint', 'null', 'null', ''],
  ['NULL', 'void', 'null', 'null', ''],
  ['1.0D', 'double', '1.0', '1.0', '1.0'],
  ['-0.0D', 'double', '-0.0', '-0.0', '-0.0'],
  ['1e10D', 'double', '1.0E10', '1.0E10', '1.0E10'],
  ['1e-4D', 'double', '1.0E-4', '1.0E-4', '1.0E-4'],
  ['123456.789D', 'double', '123456.789', '123456.789', '123456.789'],
  ['0.1D + 0.2D', 'double', '0.30000000000000004', '0.30000000000000004', '0.30000000000000004'],
  ['4.9e-324D', 'double', '4.9E-324', '4.9E-324', '4.9E-324'],
  ["double('NaN')", 'double', 'NaN', '"NaN"', 'NaN'],
  ["double('Infinity')", 'double', 'Infinity', '"Infinity"', 'Infinity'],
  ["double('-Infinity')", 'double', '-Infinity', '"-Infinity"', '-Infinity'],
  ['CAST(0.1 AS FLOAT)', 'float', '0.1', '0.1', '0.1'],
  ["float('NaN')", 'float', 'NaN', '"NaN"', 'NaN'],
  ['CAST(16777216 AS FLOAT)', 'float', '1.6777216E7', '1.6777216E7', '1.6777216E7'],
  [
    'CAST(1.5 AS DECIMAL(38,18))',
    'decimal(38,18)',
    '1.500000000000000000',
    '"1.500000000000000000"',
    '1.500000000000000000',
  ],
  [
    "CAST('99999999999999999999.999999999999999999' AS DECIMAL(38,18))",
    'decimal(38,18)',
    '99999999999999999999.999999999999999999',
    '"99999999999999999999.999999999999999999"',
    '99999999999999999999.999999999999999999',
  ],
  [
    'CAST(0 AS DECIMAL(38,38))',
    'decimal(38,38)',
    '0.00000000000000000000000000000000000000',
    '"0.00000000000000000000000000000000000000"',
    '0.00000000000000000000000000000000000000',
  ],
  ['CAST(-0.5 AS DECIMAL(5,2))', 'decimal(5,2)', '-0.50', '"-0.50"', '-0.50'],
  [
    "CAST('-99999999999999999999999999999999999999' AS DECIMAL(38,0))",
    'decimal(38,0)',
    '-99999999999999999999999999999999999999',
    '"-99999999999999999999999999999999999999"',
    '-99999999999999999999999999999999999999',
  ],
  ["''", 'string', '', '""', '""'],
  ["'plain'", 'string', 'plain', '"plain"', 'plain'],
  [`'comma, "quote"'`, 'string', 'comma, "quote"', '"comma, \\"quote\\""', '"comma, ""quote"""'],
  ["'😀 é 漢字'", 'string', '😀 é 漢字', '"😀 é 漢字"', '😀 é 漢字'],
  ["'two\\nlines\\ttab'", 'string', 'two\nlines\ttab', '"two\\nlines\\ttab"', '"two\nlines\ttab"'],
  ['CAST(NULL AS STRING)', 'string', 'null', 'null', ''],
  ["X'00DEADBEEF'", 'binary', '00DEADBEEF', '"AN6tvu8="', '00DEADBEEF'],
  ["X''", 'binary', '', '""', '""'],
  ["array(X'4142', NULL)", 'array<binary>', '[4142, null]', '["QUI=",null]', '"[4142, null]"'],
  ["date'2024-02-29'", 'date', '2024-02-29', '"2024-02-29"', '2024-02-29'],
  ["date'0001-01-01'", 'date', '0001-01-01', '"0001-01-01"', '0001-01-01'],
  ["date'-0044-03-15'", 'date', '-0044-03-15', '"-0044-03-15"', '-0044-03-15'],
  ["date'10000-01-01'", 'date', '+10000-01-01', '"+10000-01-01"', '+10000-01-01'],
  [
    "timestamp'2024-01-31 12:00:00.123456'",
    'timestamp',
    '2024-01-31 12:00:00.123456',
    '"2024-01-31T11:00:00.123456Z"',
    '2024-01-31 12:00:00.123456',
  ],
  [
    "timestamp'2024-01-31 12:00:00.120000'",
    'timestamp',
    '2024-01-31 12:00:00.12',
    '"2024-01-31T11:00:00.12Z"',
    '2024-01-31 12:00:00.12',
  ],
  [
    "timestamp'1969-12-31 23:59:59.999999'",
    'timestamp',
    '1969-12-31 23:59:59.999999',
    '"1969-12-31T22:59:59.999999Z"',
    '1969-12-31 23:59:59.999999',
  ],
  [
    "timestamp'1800-01-01 00:00:00'",
    'timestamp',
    '1800-01-01 00:00:00',
    '"1799-12-31T23:06:32Z"',
    '1800-01-01 00:00:00',
  ],
  [
    "timestamp_ntz'2024-01-31 12:00:00.5'",
    'timestamp_ntz',
    '2024-01-31 12:00:00.5',
    '"2024-01-31T12:00:00.5"',
    '2024-01-31 12:00:00.5',
  ],
  [
    "timestamp_ntz'-0001-01-01 00:00:00'",
    'timestamp_ntz',
    '-0001-01-01 00:00:00',
    '"-0001-01-01T00:00:00"',
    '-0001-01-01 00:00:00',
  ],
  [
    "interval '1-2' year to month",
    'interval year to month',
    "INTERVAL '1-2' YEAR TO MONTH",
    `"INTERVAL '1-2' YEAR TO MONTH"`,
    "INTERVAL '1-2' YEAR TO MONTH",
  ],
  [
    "interval '-13' month",
    'interval month',
    "INTERVAL '-13' MONTH",
    `"INTERVAL '-13' MONTH"`,
    "INTERVAL '-13' MONTH",
  ],
  [
    "interval '5' year",
    'interval year',
    "INTERVAL '5' YEAR",
    `"INTERVAL '5' YEAR"`,
    "INTERVAL '5' YEAR",
  ],
  [
    "interval '1 02:03:04.5' day to second",
    'interval day to second',
    "INTERVAL '1 02:03:04.5' DAY TO SECOND",
    `"INTERVAL '1 02:03:04.5' DAY TO SECOND"`,
    "INTERVAL '1 02:03:04.5' DAY TO SECOND",
  ],
  [
    "interval '-3' day",
    'interval day',
    "INTERVAL '-3' DAY",
    `"INTERVAL '-3' DAY"`,
    "INTERVAL '-3' DAY",
  ],
  [
    "interval '7' hour",
    'interval hour',
    "INTERVAL '07' HOUR",
    `"INTERVAL '07' HOUR"`,
    "INTERVAL '07' HOUR",
  ],
  [
    "interval '26:03' hour to minute",
    'interval hour to minute',
    "INTERVAL '26:03' HOUR TO MINUTE",
    `"INTERVAL '26:03' HOUR TO MINUTE"`,
    "INTERVAL '26:03' HOUR TO MINUTE",
  ],
  [
    "interval '90' minute",
    'interval minute',
    "INTERVAL '90' MINUTE",
    `"INTERVAL '90' MINUTE"`,
    "INTERVAL '90' MINUTE",
  ],
  [
    "interval '-0.5' second",
    'interval second',
    "INTERVAL '-00.5' SECOND",
    `"INTERVAL '-00.5' SECOND"`,
    "INTERVAL '-00.5' SECOND",
  ],
  [
    'make_interval(1,2,3,4,5,6,7.008)',
    'interval',
    '1 years 2 months 25 days 5 hours 6 minutes 7.008 seconds',
    '"1 years 2 months 25 days 5 hours 6 minutes 7.008 seconds"',
    '1 years 2 months 25 days 5 hours 6 minutes 7.008 seconds',
  ],
  ['make_interval(0,0,0,0,0,0,0)', 'interval', '0 seconds', '"0 seconds"', '0 seconds'],
  ['array(1, NULL, 3)', 'array<int>', '[1, null, 3]', '[1,null,3]', '"[1, null, 3]"'],
  ["array('a, b', 'c')", 'array<string>', '[a, b, c]', '["a, b","c"]', '"[a, b, c]"'],
  ['array()', 'array<void>', '[]', '[]', '[]'],
  [
    "map('k', 1.5D, 'n', NULL)",
    'map<string,double>',
    '{k -> 1.5, n -> null}',
    '[["k",1.5],["n",null]]',
    '"{k -> 1.5, n -> null}"',
  ],
  ["map(1, array('x'))", 'map<int,array<string>>', '{1 -> [x]}', '[[1,["x"]]]', '{1 -> [x]}'],
  ['map()', 'map<void,void>', '{}', '[]', '{}'],
  [
    "named_struct('a', 1, 'b', 'two', 'c', NULL)",
    'struct<a:int,b:string,c:void>',
    '{1, two, null}',
    '{"a":1,"b":"two","c":null}',
    '"{1, two, null}"',
  ],
  ["named_struct('f', 1, 'f', 2)", 'struct<f:int,f:int>', '{1, 2}', '{"f":1,"f_1":2}', '"{1, 2}"'],
  [
    "array(named_struct('d', date'2024-01-01', 't', timestamp'2024-01-01 00:00:00'))",
    'array<struct<d:date,t:timestamp>>',
    '[{2024-01-01, 2024-01-01 00:00:00}]',
    '[{"d":"2024-01-01","t":"2023-12-31T23:00:00Z"}]',
    '"[{2024-01-01, 2024-01-01 00:00:00}]"',
  ],
  ['CAST(NULL AS ARRAY<INT>)', 'array<int>', 'null', 'null', ''],
  [
    `parse_json('{"b": 9007199254740993, "a": [1.10, "x", null, true], "e": "😀"}')`,
    'variant',
    '{"a":[1.1,"x",null,true],"b":9007199254740993,"e":"😀"}',
    '{"a":[1.1,"x",null,true],"b":9007199254740993,"e":"😀"}',
    '"{""a"":[1.1,""x"",null,true],""b"":9007199254740993,""e"":""😀""}"',
  ],
  [`parse_json('"text"')`, 'variant', 'text', '"text"', 'text'],
  [
    "parse_json('12345678901234567890.123')",
    'variant',
    '12345678901234567890.123',
    '12345678901234567890.123',
    '12345678901234567890.123',
  ],
  ["parse_json('null')", 'variant', 'null', 'null', ''],
  [
    "CAST(timestamp'2024-01-31 12:00:00' AS VARIANT)",
    'variant',
    '2024-01-31 12:00:00',
    '"2024-01-31T11:00:00Z"',
    '2024-01-31 12:00:00',
  ],
  ["CAST(double('NaN') AS VARIANT)", 'variant', 'NaN', '"NaN"', 'NaN'],
  [
    `array(parse_json('{"k": "v"}'), NULL)`,
    'array<variant>',
    '[{"k":"v"}, null]',
    '[{"k":"v"},null]',
    '"[{""k"":""v""}, null]"',
  ],
  ["CAST('fixed' AS CHAR(8))", 'string', 'fixed', '"fixed"', 'fixed'],
  ["'Z' COLLATE UTF8_LCASE", 'string collate UTF8_LCASE', 'Z', '"Z"', 'Z'],
];

let real: RealDriver;
beforeAll(async () => {
  real = await realDriver();
});

interface Stored {
  readonly inline: ResultSummary;
  readonly path: string;
  read(format: ResultFormat, offset?: number, limit?: number | null): Promise<string>;
}

let runs = 0;

const run = async (sql: string, options: Partial<DriverJob> = {}): Promise<Stored> => {
  runs += 1;
  const id = `golden-${runs}`;
  const resultsDir = join(real.folder, 'results');
  const path = join(resultsDir, id);
  const inline = await query(real, sql, { jobId: id, resultDir: path, ...options });
  const job = { id, state: 'SUCCESS', result: inline, resultPrunedAt: null } as unknown as Job;
  const service = new ResultService({ resultsDir, jobOf: async () => job });
  const read: Stored['read'] = async (format, offset = 0, limit = null) => {
    const identity = { name: 'anonymous', roles: [] };
    const parts: Uint8Array[] = [];
    for await (const part of await service.read(identity, id, format, offset, limit)) {
      parts.push(part);
    }
    return Buffer.concat(parts).toString();
  };
  return { inline, path, read };
};

describe('a value of every type', () => {
  for (const [sql, type, text, json, csv] of GOLDENS) {
    it(sql, async () => {
      const stored = await run(`SELECT ${sql} AS v`);
      expect(stored.inline.columns?.map(({ name, type }) => [name, type])).toEqual([['v', type]]);
      const whole = `Schema: struct<v:${type}>\n\n[${text}]\n`;
      expect(stored.inline.text).toBe(whole);
      expect(await stored.read('text')).toBe(whole);
      expect(await stored.read('json')).toBe(
        `{"schema":${JSON.stringify(stored.inline.columns)},"rows":[[${json}]],"nextOffset":null}`,
      );
      expect(await stored.read('ndjson')).toBe(`{"v":${json}}\n`);
      expect(await stored.read('csv')).toBe(`v\r\n${csv}\r\n`);
    });
  }

  it('under names that stand twice', async () => {
    const stored = await run("SELECT 1 AS a, 'x' AS a, named_struct('f', 1, 'f', 2) AS a_1");
    const whole = 'Schema: struct<a:int,a:string,a_1:struct<f:int,f:int>>\n\n[1,x,{1, 2}]\n';
    expect(stored.inline.text).toBe(whole);
    expect(await stored.read('text')).toBe(whole);
    expect(await stored.read('csv')).toBe('a,a,a_1\r\n1,x,"{1, 2}"\r\n');
    expect(await stored.read('ndjson')).toBe('{"a":1,"a_2":"x","a_1":{"f":1,"f_1":2}}\n');
    expect(JSON.parse(await stored.read('json')).schema).toEqual([
      { name: 'a', type: 'int', nullable: false },
      { name: 'a', type: 'string', nullable: false },
      { name: 'a_1', type: 'struct<f:int,f:int>', nullable: false },
    ]);
  });
});

describe('the text that is made later is the text that the driver made', () => {
  for (const fixture of RESULT_FIXTURES.filter(({ name }) => name !== 'no-columns')) {
    it(fixture.name, async () => {
      const stored = await run(fixture.sql, {
        settings: { 'spark.sql.session.timeZone': fixture.timeZone },
      });
      expect(stored.inline.rowCount).toBe(fixture.text.length);
      expect(await stored.read('text')).toBe(stored.inline.text);
    });
  }

  it('a command', async () => {
    const stored = await run('CREATE OR REPLACE TEMPORARY VIEW golden_view AS SELECT 1 AS one');
    expect(stored.inline.text).toBe('Schema: struct<>\n\n');
    expect(await stored.read('text')).toBe(stored.inline.text);
    expect(await stored.read('json')).toBe('{"schema":[],"rows":[],"nextOffset":null}');
    expect(await stored.read('csv')).toBe('');
  });
});

describe('many rows', () => {
  it('are stored whole, in order, and can be read from anywhere', async () => {
    const sql = "SELECT id, concat('row ', id) AS s FROM range(0, 100000, 1, 7)";
    const stored = await run(sql, { rowLimit: 10 });
    expect(stored.inline).toMatchObject({ rowCount: 100_000, truncated: true, complete: true });
    const { manifest } = await ResultFolder.open(stored.path);
    expect(manifest.chunks.length).toBe(7);
    for (const offset of [0, 14_284, 14_285, 14_286, 50_000, 99_998]) {
      const { rows, nextOffset } = JSON.parse(await stored.read('json', offset, 3));
      const ids = [offset, offset + 1, offset + 2].filter((id) => id < 100_000);
      expect(rows).toEqual(ids.map((id) => [String(id), `row ${id}`]));
      expect(nextOffset).toBe(offset + 3 < 100_000 ? offset + 3 : null);
    }
    const lines = (await stored.read('csv')).split('\r\n');
    expect(lines.length).toBe(100_002);
    expect(lines[77_778]).toBe('77777,row 77777');
  });

  it('are cut between batches by the storage limit, and what stays is a valid result', async () => {
    const stored = await run('SELECT id, repeat("x", 100) AS s FROM range(0, 50000, 1, 4)', {
      maxResultBytes: 1_000_000,
    });
    expect(stored.inline.complete).toBe(false);
    const { rows, nextOffset } = JSON.parse(await stored.read('json'));
    expect(rows.length).toBe(stored.inline.rowCount);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.at(-1)[0]).toBe(String(rows.length - 1));
    expect(nextOffset).toBe(null);
  });
});
