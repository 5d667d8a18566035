import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CLOSED, drive, launchInput } from '../support/launched-driver.ts';

// The same statements as in SqlGuardTest.java, here through the whole driver.
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'libra-guard-')));
const outside = join(folder, 'outside');
const allowed = join(outside, 'allowed');
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));

const linesOf = (name: string): readonly string[] =>
  readFileSync(resolve('jvm-shim/src/test/resources/sql', name), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('--'))
    .map((line) => line.replaceAll('{outside}', outside).replaceAll('{allowed}', allowed));

const ordinary = linesOf('allowed.sql');
/** Each with the statements that prepare it. */
const refused = linesOf('refused.sql').map((line) => line.split(' ;; '));
let answers: readonly string[];
let before: readonly string[];

const files = (): readonly string[] =>
  readdirSync(outside, { recursive: true, encoding: 'utf8' })
    .filter((file) => !file.startsWith('allowed/'))
    .sort();

beforeAll(async () => {
  for (const path of [join(folder, 'tmp'), join(allowed, 'folder-with-link')]) {
    mkdirSync(path, { recursive: true });
  }
  writeFileSync(join(outside, 'secret.txt'), 'TOP SECRET\n');
  writeFileSync(join(allowed, 'a.txt'), 'hello\n');
  symlinkSync(outside, join(allowed, 'leak'));
  symlinkSync(join(outside, 'secret.txt'), join(allowed, 'leak.txt'));
  symlinkSync(join(outside, 'secret.txt'), join(allowed, 'folder-with-link', 'x.txt'));
  symlinkSync(join(outside, 'nowhere'), join(allowed, 'dangling'));
  symlinkSync(join(allowed, 'a.txt'), join(allowed, 'inside.txt'));
  before = files();
  const { report } = await drive({
    input: launchInput(join(folder, 'tmp'), { 'spark.hadoop.fs.s3a.secret.key': 'TOP SECRET' }),
    sqlPolicy: { ...CLOSED, allowedRoots: [allowed] },
    statements: [...ordinary, ...refused.flat(), 'SELECT 40 + 2'],
  });
  expect(report.failures).toEqual([]);
  answers = report.answers;
});

it('does not hinder ordinary work', () => {
  const hindered = ordinary.filter((_, i) => answers[i]?.startsWith('failed: '));
  expect(hindered).toEqual([]);
  expect(ordinary.length).toBeGreaterThan(80);
});

it('refuses what leaves Spark, and the driver lives on', () => {
  let at = ordinary.length;
  const passed = refused.filter((statements) => {
    at += statements.length;
    return answers[at - 1]?.startsWith('failed: SQL_REFUSED ') !== true;
  });
  expect(passed).toEqual([]);
  expect(refused.length).toBeGreaterThan(180);
  expect(answers.at(-1)).toBe('[42]');
});

it('shows nothing of what it protects, and leaves it as it was', () => {
  expect(answers.filter((answer) => answer.includes('TOP SECRET'))).toEqual([]);
  expect(files()).toEqual(before);
  expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe('TOP SECRET\n');
});
