import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeHeap, parseMemory } from '../../src/drivers/heap-size.ts';
import { parseProperties } from '../../src/drivers/in-process/java-properties.ts';
import { readSparkDefaults } from '../../src/drivers/in-process/spark-defaults.ts';
import { embeddedOptions, splitOptions } from '../../src/drivers/java-options.ts';
import { classPathOf, missingResources } from '../../src/drivers/spark-resources.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'libra-launch-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('Java properties', () => {
  const cases: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
    ['spark.a  1', [['spark.a', '1']]],
    ['spark.a=1\nspark.b : 2\r\nspark.c\t3', [['spark.a', '1'], ['spark.b', '2'], ['spark.c', '3']]], // biome-ignore format: one case
    ['# no\n! neither\n\n   spark.a 1', [['spark.a', '1']]],
    ['spark.a one \\\n   two', [['spark.a', 'one two']]],
    ['spark.a ends\\\\\nspark.b 2', [['spark.a', 'ends\\'], ['spark.b', '2']]], // biome-ignore format: one case
    ['spark.a = b=c:d e', [['spark.a', 'b=c:d e']]],
    ['a\\ b\\=c d', [['a b=c', 'd']]],
    ['spark.a \\u00e9\\t\\q', [['spark.a', 'é\tq']]],
    ['spark.a', [['spark.a', '']]],
    ['spark.a 1\nspark.a 2', [['spark.a', '2']]],
    ['spark.a 1 # not a comment', [['spark.a', '1 # not a comment']]],
    ['spark.a 1\\', [['spark.a', '1']]],
  ];
  it.each(cases)('reads %j', (text, entries) => {
    expect([...parseProperties(text)]).toEqual(entries);
  });

  it('leaves out what is not of Spark, and says so', () => {
    writeFileSync(join(folder, 'spark-defaults.conf'), 'spark.a   1 \nother.key 2\n');
    const read = readSparkDefaults(folder);
    expect(read.settings).toEqual({ 'spark.a': '1' });
    expect(read.warnings).toEqual([
      expect.stringContaining('other.key is not a setting of Spark and is ignored'),
    ]);
    expect(readSparkDefaults(null)).toEqual({ settings: {}, warnings: [] });
  });
});

describe('Java options', () => {
  it.each([
    ['', []],
    ['  -Da=1   -Db=2 ', ['-Da=1', '-Db=2']],
    [`-Da="x y" -Db='p q'`, ['-Da=x y', '-Db=p q']],
    [String.raw`-Da=x\ y -Db="a\"b" -Dc='a\b'`, ['-Da=x y', '-Db=a"b', String.raw`-Dc=a\b`]],
    ['-Da=""', ['-Da=']],
  ])('splits %j', (line, options) => {
    expect(splitOptions(line)).toEqual(options);
  });

  it('refuses an open quote', () => {
    expect(() => splitOptions('-Da="x')).toThrow('is not closed');
  });

  it('writes them as an embedded JVM takes them', () => {
    const taken = embeddedOptions('JAVA_OPTS', ['-server', '--add-opens', 'a/b=C', '-Da=1', '-ea']);
    expect(taken).toEqual({ options: ['--add-opens=a/b=C', '-Da=1', '-ea'], faults: [] });
  });

  it('names those that only the java command knows', () => {
    const taken = embeddedOptions('JAVA_OPTS', ['-cp', 'x.jar', '-jar', 'y.jar', '@file', 'stray']);
    expect(taken.options).toEqual([]);
    expect(taken.faults).toEqual([
      'JAVA_OPTS: -cp is for the java command only',
      'JAVA_OPTS: -jar is for the java command only',
      'JAVA_OPTS: @file is for the java command only',
      'JAVA_OPTS: stray is not a JVM option',
    ]);
  });
});

describe('the heap', () => {
  it.each([
    ['1g', 2 ** 30],
    ['512m', 512 * 2 ** 20],
    ['512MB', 512 * 2 ** 20],
    ['2GiB', 2 ** 31],
    ['1048576k', 2 ** 30],
    ['1024', null],
    ['1.5g', null],
    ['lots', null],
    ['', null],
  ])('reads %j', (text, bytes) => {
    expect(parseMemory(text)).toBe(bytes);
  });

  it('fits the machine', () => {
    const gib = 2 ** 30;
    expect(judgeHeap(gib, 8 * gib)).toEqual({ fault: null, warning: null });
    expect(judgeHeap(7 * gib, 8 * gib).warning).toContain('leaves little of the 8 GiB');
    expect(judgeHeap(9 * gib, 8 * gib).fault).toContain('more than this machine has, 8 GiB');
    expect(judgeHeap(100 * 2 ** 20, 8 * gib).fault).toContain('less than Spark starts with');
  });
});

describe('files of Spark', () => {
  beforeAll(() => {
    mkdirSync(join(folder, 'lib'));
    for (const name of ['b.jar', 'a.jar', 'c.txt', 'a b.jar']) {
      writeFileSync(join(folder, 'lib', name), '');
    }
  });

  it('expands the class path, and names what is not there', () => {
    const key = 'spark.driver.extraClassPath';
    const value = `${folder}/lib/*:${folder}/lib:${folder}/none.jar:${folder}/none/*`;
    expect(classPathOf(key, { [key]: value })).toEqual({
      entries: ['a b.jar', 'a.jar', 'b.jar']
        .map((name) => join(folder, 'lib', name))
        .concat(join(folder, 'lib')),
      faults: [`${key}: there is no ${folder}/none.jar`, `${key}: there is no ${folder}/none/*`],
    });
  });

  it('names local files that are missing, and leaves addresses and patterns to Spark', () => {
    const there = [
      `${folder}/lib/a.jar`,
      `file:${folder}/lib/a.jar`,
      `file://${folder}/lib/a%20b.jar`,
      `local:${folder}/lib/a.jar`,
      `${folder}/lib/a b.jar`,
    ];
    const elsewhere = ['hdfs://name/a.jar', 'https://host/a.jar', `${folder}/lib/*.jar`];
    const missing = [`${folder}/x.jar`, `file:${folder}/y.jar`];
    expect(
      missingResources({
        'spark.jars': [...there, ...elsewhere, ...missing].join(', '),
        'spark.files': `${folder}/lib/c.txt#name,${folder}/z.txt`,
        'spark.archives': '',
      }),
    ).toEqual([
      `spark.jars: there is no file ${folder}/x.jar`,
      `spark.jars: there is no file file:${folder}/y.jar`,
      `spark.files: there is no file ${folder}/z.txt`,
    ]);
  });
});
