import { describe, expect, test } from 'vitest';
import { changesSession, countStatements } from '../../src/domain/sql-text.ts';

describe('countStatements', () => {
  test.each([
    ['SELECT 1', 1],
    ['SELECT 1;', 1],
    ['SELECT 1 ;; ; ', 1],
    ['SELECT 1; -- done', 1],
    ['SELECT 1; /* done; really */', 1],
    ['SELECT 1; SELECT 2', 2],
    ['SELECT 1; SELECT 2; SELECT 3;', 3],
    ['', 0],
    ['  \n\t', 0],
    [';', 0],
    ['-- only a comment; SELECT 1', 0],
    ['/* SELECT 1; */', 0],
    ["SELECT ';'", 1],
    ['SELECT ";"', 1],
    ['SELECT `;` FROM t', 1],
    ["SELECT 'it''s; fine'", 1],
    ["SELECT 'it\\'s; fine'", 1],
    ["SELECT '\\\\'; SELECT 2", 2],
    ['SELECT `a``;b`', 1],
    ['SELECT `a\\`; SELECT 2', 2],
    ["SELECT r'\\'; SELECT 2", 2],
    ['SELECT R\'a;b\', r";"', 1],
    ["SELECT bar'x;y'", 1],
    ['SELECT 1 -- one; two\n; SELECT 2', 2],
    ['SELECT 1 -- carried \\\non; still a comment', 1],
    ['SELECT 1 -- not carried \\ \n; SELECT 2', 2],
    ['SELECT /* a /* nested; */ ; */ 1', 1],
    ['SELECT /*+ BROADCAST(t) */ 1; SELECT 2', 2],
    ['SELECT 1 /* open; SELECT 2', 1],
    ["SELECT 'open; SELECT 2", 1],
    ['SELECT 5 - -1; SELECT 2', 2],
    ["SELECT '🎉;'; SELECT '日本;'", 2],
  ])('%j holds %i', (text, count) => {
    expect(countStatements(text)).toBe(count);
  });

  test.each([
    ['BEGIN SELECT 1; SELECT 2; END', 1],
    ['BEGIN SELECT 1; END;', 1],
    ['BEGIN SELECT 1; END; SELECT 2', 2],
    ['outer: BEGIN SELECT 1; END outer;', 1],
    ['BEGIN IF x THEN SELECT 1; END IF; SELECT 2; END', 1],
    ['BEGIN SELECT CASE WHEN a THEN 1 END; SELECT 2; END', 1],
    ['BEGIN CASE WHEN a THEN SELECT 1; END CASE; SELECT 2; END', 1],
    ['BEGIN BEGIN SELECT 1; END; WHILE x DO SELECT 2; END WHILE; END; SELECT 3', 2],
    ['begin select 1;', 1],
  ])('the script %j holds %i', (text, count) => {
    expect(countStatements(text)).toBe(count);
  });

  test('any mix of pieces counts as many as were put in', () => {
    const pieces = [
      "SELECT 'a;b''c\\';'",
      'SELECT `x;``y`',
      'SELECT "d;""e\\";"',
      'SELECT 1 /* ; /* ; */ ; */',
      'SELECT 2 -- ; \\\n ; \n',
      "SELECT r';\\'",
      'SELECT /*+ COALESCE(1) */ 3',
      'WITH a AS (SELECT 1) TABLE a',
    ];
    const gaps = [';', ' ;\n', '; -- ; \n', ';/* ; */', ';;'];
    let seed = 7;
    const next = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % below;
    };
    for (let round = 0; round < 2000; round += 1) {
      const count = 1 + next(6);
      let text = '';
      for (let piece = 0; piece < count; piece += 1) {
        text += pieces[next(pieces.length)];
        if (piece < count - 1 || next(2) === 0) text += gaps[next(gaps.length)];
      }
      expect(countStatements(text), text).toBe(count);
    }
  });

  test('a megabyte of quotes or comments neither hangs nor overflows', () => {
    for (const unit of ["'", '"', '`', '/*', '--', '\\', "r'", "''", '*/']) {
      expect(countStatements(`SELECT ${unit.repeat(500_000)}`)).toBe(1);
    }
  });
});

describe('changesSession', () => {
  test.each([
    'CREATE TEMP VIEW v AS SELECT 1',
    'create or replace temporary view v as select 1',
    'CREATE GLOBAL TEMPORARY VIEW v AS SELECT 1',
    'CREATE OR REPLACE GLOBAL TEMP VIEW v AS SELECT 1',
    'CREATE TEMPORARY FUNCTION f AS "x"',
    '/* c */ CREATE -- c\n TEMPORARY TABLE t USING csv',
    'DROP VIEW v',
    'DROP TABLE IF EXISTS t',
    'DROP TEMPORARY VARIABLE x',
    'DROP TEMPORARY FUNCTION f',
    'ALTER VIEW v AS SELECT 2',
    'USE db',
    'USE CATALOG c',
    'SET spark.sql.shuffle.partitions=3',
    'SET spark.sql.shuffle.partitions = 3;',
    'SET TIME ZONE LOCAL',
    "SET CATALOG 'c'",
    'SET VAR x = 1',
    'SET VARIABLE (a, b) = (SELECT 1, 2)',
    'RESET',
    'RESET spark.sql.ansi.enabled',
    'DECLARE x INT DEFAULT 1',
    'DECLARE OR REPLACE VARIABLE x = 1',
    'CACHE LAZY TABLE t AS SELECT 1',
    "ADD JAR '/a.jar'",
    "EXECUTE IMMEDIATE 'SET a = 1'",
    'BEGIN SELECT 1; END',
  ])('%s does', (text) => {
    expect(changesSession(text)).toBe(true);
  });

  test.each([
    '',
    'SELECT 1',
    '(SELECT 1)',
    'WITH v AS (SELECT 1) SELECT * FROM v',
    "SELECT 'CREATE TEMP VIEW v'",
    '-- CREATE TEMP VIEW\nSELECT 1',
    'EXPLAIN CREATE TEMP VIEW v AS SELECT 1',
    'SET',
    'SET -v',
    'SET spark.sql.shuffle.partitions',
    'SET time.zone',
    'CREATE TABLE temp (id INT)',
    'CREATE OR REPLACE VIEW temp AS SELECT 1',
    'CREATE FUNCTION f AS "x"',
    'DROP DATABASE d',
    'ALTER TABLE t ADD COLUMN c INT',
    'UNCACHE TABLE t',
    'INSERT INTO t SELECT 1',
    'FROM t SELECT 1',
    'EXECUTE something',
  ])('%s does not', (text) => {
    expect(changesSession(text)).toBe(false);
  });
});
