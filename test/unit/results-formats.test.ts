import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ResultFolder } from '../../src/results/result-folder.ts';
import { csvFormat, jsonFormat, ndjsonFormat } from '../../src/results/text-formats.ts';
import { type TextFormat, textStream } from '../../src/results/text-stream.ts';
import { resultFixture, writeResultFolder } from '../support/arrow-fixtures.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'libra-results-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const open = async (name: string): Promise<ResultFolder> => {
  const path = join(root, name.replace('/', '_'));
  await writeResultFolder(path, resultFixture(name));
  return ResultFolder.open(path);
};

const textOf = async (folder: ResultFolder, format: TextFormat): Promise<string> => {
  const parts: Uint8Array[] = [];
  const rows = folder.read(folder.ranges(0, folder.manifest.rowCount));
  for await (const part of textStream(format, rows)) parts.push(part);
  return Buffer.concat(parts).toString();
};

/** The JSON text of the rows: parsed, a number would lose what the text has to keep. */
const jsonRows = async (name: string): Promise<string> => {
  const folder = await open(name);
  const text = await textOf(folder, jsonFormat(folder.manifest, null));
  expect(JSON.parse(text).schema).toEqual(resultFixture(name).columns);
  return text.slice(text.indexOf('"rows":') + 7, text.lastIndexOf(',"nextOffset"'));
};

const csv = async (name: string): Promise<string> => {
  const folder = await open(name);
  return textOf(folder, csvFormat(folder.manifest));
};

const JSON_ROWS: Readonly<Record<string, string>> = {
  integers: '[[true,false,-128,32767,-2147483648,"9223372036854775807",null,null]]',
  doubles:
    '[[1.0],[0.0],[-0.0],[1.0E7],[9999999.0],[0.001],[9.99E-4],[123456.789],[1.0E10],[1.0E21],[1.7976931348623157E308],[2.2250738585072014E-308],[4.9E-324],["NaN"],["Infinity"],["-Infinity"],[null],[100.0],[-1234567.5],[0.1],[0.3333333333333333],[1.4285714285714284E14]]',
  floats:
    '[[0.1],[-0.0],[1.6777216E7],[1.0E10],[3.4028235E38],[1.4E-45],["NaN"],["-Infinity"],[null],[0.001],[0.33333334],[1234567.9],[1.2345679E7]]',
  // Shortest digits whatever the Java.
  'doubles-by-java':
    '[[2.0E23],[5.684341886080802E-14],[2.0E-44],[1.0E23],[9.5367431640625E-7],[9.007199254740992E15],[1.8014398509481984E16],[1.2345678901234568E18],[4.4E-38]]',
  decimals:
    '[["1.100000000000000000","0.00000000000000000000000000000000000000","-0.000000000000000000010000000000","-99999999999999999999999999999999999999","1","-0.50",null,"99999999999999999999.999999999999999999"]]',
  strings:
    '[["plain"],[""],[null],["a\\nb,\\"c\\""],["😀 é 漢"],["tab\\tcr\\r"],["nul\\u0000 bs\\b fff del\u007f ls\u2028"],["back\\\\slash / <"]]',
  char: '[["x","y","Z"]]',
  binary: '[["3q2+7w=="],[""],[null],["AA=="]]',
  'nested-binary': '[[["QUI=",null,""],{"a":"w6k="},[["QQ==","Qg=="]]]]',
  dates:
    '[["2024-01-31"],["0001-01-01"],["0000-02-29"],["-0044-03-15"],["+10000-01-01"],["1582-10-10"],["1969-12-31"],[null],["-290000-01-01"],["+294247-01-10"]]',
  'timestamps-ntz':
    '[["2024-01-31T12:00:00.5"],["1969-12-31T23:59:59.999999"],["-0001-01-01T00:00:00.000001"],["+10000-01-01T00:00:00"],[null]]',
  // JSON is UTC whatever the session's zone.
  'timestamps-Europe/Berlin':
    '[["-1199-02-15T14:13:20.000001Z"],["+33658-09-27T01:46:39.999999Z"],["1811-07-23T15:06:40Z"],["1899-12-31T23:59:59Z"],["1970-01-01T00:00:00Z"],["1969-12-31T23:59:59.999999Z"],["2024-01-31T12:00:00.12345Z"],["2024-03-31T00:59:59Z"],["2024-03-31T01:00:00Z"],["2024-10-27T00:59:59Z"],["2024-10-27T01:00:00Z"]]',
  collections:
    '[[[1,null,2],["a","b, c",null],[["k",1],["k2",null]],[[1,[1.5,null]]],{"a":1,"b":null,"c":"x"},[{"x":"2024-01-01","y":"2024-01-01T00:00:00Z","z":"INTERVAL \'1\' DAY"}],[],[],[null],null,null,null,{"a":{"b":[["k",[1,null]]]}},["1.100"],["NaN",-0.0],[true,false,null],[null,{"a":1}],[[1],null,[]]]]',
  duplicates: '[[1,"x",{"f":1,"f_1":"two","g":null},3]]',
  'nested-variants':
    '[[["q",1,null,null],{"v":"2024-01-31T00:02:03.45Z"},[["k",{"a":1}]],["QUL/"]]]',
  'no-rows': '[]',
  'no-columns': '[]',
};

const VARIANT_ROWS = [
  '1',
  '-129',
  '32768',
  '9007199254740993',
  '-9223372036854775808',
  '12345678901234567890123',
  '1.1',
  '0',
  '-0.001',
  '12345678901.5',
  '123456789012345678901234567890.12345678',
  '1.0E100',
  'true',
  'false',
  'null',
  '"a\\"b"',
  '""',
  '"\\u001f \\\\u00ab"',
  '["\\u001f \\\\u00ab"]',
  `"${'long '.repeat(30)}"`,
  '[]',
  '{}',
  '{"a":[1,2.5,"x",null,true,{"z":"é😀\\n\\u0001/<\u007f"}],"b":1}',
  `[${Array(300).fill('"item"').join(',')}]`,
  '{"a":"2024-01-31","b":1,"k\\"":2.5}',
  '"-0044-03-15"',
  '"2024-01-31T00:02:03.45Z"',
  '"2024-01-31T01:02:03.45"',
  '"QUL/"',
  '0.1',
  '1.0E20',
  '"NaN"',
  '100',
  '["2024-01-31T00:02:03.45Z","1811-07-23T15:06:40Z",null]',
  '["2024-01-31T01:02:03.45"]',
  '["2024-01-31","+10000-01-01"]',
  '["QUL/",""]',
  '[0.1,"Infinity","-Infinity","NaN"]',
  '[1.0E20,-0.0,"NaN",1.0E-5]',
  '[100,0.001]',
  'null',
];

describe('JSON', () => {
  for (const [name, rows] of Object.entries(JSON_ROWS)) {
    it(`writes ${name}`, async () => {
      expect(await jsonRows(name)).toBe(rows);
    });
  }

  it('writes a variant as the value that it holds, every digit kept', async () => {
    expect(await jsonRows('variants')).toBe(`[${VARIANT_ROWS.map((v) => `[${v}]`).join(',')}]`);
  });

  it('writes intervals as Spark prints them', async () => {
    for (const name of ['month-intervals', 'time-intervals', 'calendar-intervals']) {
      const rows = JSON.parse(await jsonRows(name)) as unknown[][];
      const scalars = rows.map((row) => row.filter((cell) => !Array.isArray(cell)));
      const printed = resultFixture(name).text.map((row) =>
        row.filter((cell) => cell === null || !cell.startsWith('[')),
      );
      expect(scalars).toEqual(printed);
    }
  });
});

describe('NDJSON', () => {
  it('writes an object for each row, names that stand twice made unique', async () => {
    const folder = await open('duplicates');
    expect(await textOf(folder, ndjsonFormat(folder.manifest))).toBe(
      '{"a":1,"a_1":"x","a_2":{"f":1,"f_1":"two","g":null},"b":3}\n',
    );
  });

  it('writes nothing for no rows, and an object that parses for each of many', async () => {
    const empty = await open('no-rows');
    expect(await textOf(empty, ndjsonFormat(empty.manifest))).toBe('');
    const many = await open('many-chunks');
    const lines = (await textOf(many, ndjsonFormat(many.manifest))).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).id)).toEqual(
      Array.from({ length: 50 }, (_, i) => String(i)),
    );
  });
});

describe('CSV', () => {
  it('quotes what needs it and tells NULL from the empty string', async () => {
    expect(await csv('strings')).toBe(
      'v\r\nplain\r\n""\r\n\r\n"a\nb,""c"""\r\n😀 é 漢\r\n"tab\tcr\r"\r\nnul\u0000 bs\b fff del\u007f ls\u2028\r\nback\\slash / <\r\n',
    );
  });

  it('keeps column names that stand twice', async () => {
    expect(await csv('duplicates')).toBe('a,a,a,b\r\n1,x,"{1, two, null}",3\r\n');
  });

  it('shows the text form of everything else', async () => {
    expect(await csv('binary')).toBe('v\r\nDEADBEEF\r\n""\r\n\r\n00\r\n');
    expect(await csv('integers')).toBe(
      'c0,c1,c2,c3,c4,c5,c6,c7\r\ntrue,false,-128,32767,-2147483648,9223372036854775807,,\r\n',
    );
    expect((await csv('timestamps-Asia/Kolkata')).split('\r\n')[7]).toBe(
      '2024-01-31 17:30:00.12345',
    );
  });

  it('is a header alone without rows, and nothing without columns', async () => {
    expect(await csv('no-rows')).toBe('id,s\r\n');
    expect(await csv('no-columns')).toBe('');
  });
});
