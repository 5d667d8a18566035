import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Problem } from '../../src/domain/errors.ts';
import type { JobRequest } from '../../src/domain/job.ts';
import { person } from '../support/core-fixture.ts';
import { FilesFixture } from '../support/files-fixture.ts';
import { aRequest } from '../support/job-request.ts';
import { classFile, classMember, jarOf, zipOf } from '../support/zip.ts';

// They write to a disk that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const ann = person('ann', 'user');
const MAIN = 'com.acme.Main';

let fixture: FilesFixture;
beforeEach(async () => {
  fixture = await FilesFixture.open();
});
afterEach(() => fixture.close());

/** What is said against it: null for nothing. */
const said = async (
  content: Buffer | string,
  fields: Partial<JobRequest> = {},
  name = 'app.jar',
): Promise<string | null> => {
  await fixture.write(`work/${name}`, content);
  const request = aRequest({ kind: 'jar', code: null, filePath: name, ...fields });
  try {
    await fixture.programs.check(request, await fixture.programs.locate(ann, name));
    return null;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    expect(error.code).toBe('FILE_NOT_USABLE');
    return `${error.errors[0]?.field}: ${error.message}`;
  }
};

describe('a jar', () => {
  it('runs with the class that is asked for, or that its manifest names', async () => {
    const jar = jarOf(MAIN, classMember(MAIN), classMember('com.acme.Outer$Inner'));
    expect(await said(jar)).toBeNull();
    expect(await said(jar, { mainClass: MAIN })).toBeNull();
    expect(await said(jar, { kind: 'jar-class', mainClass: 'com.acme.Outer$Inner' })).toBeNull();
    expect(await said(jarOf(null, classMember(MAIN)), { mainClass: MAIN })).toBeNull();
  });

  it.each([
    ['empty', ''],
    ['text', 'print(1)\n'.repeat(100)],
    ['the first half of a jar', jarOf(MAIN, classMember(MAIN)).subarray(0, 200)],
    ['a tar', Buffer.alloc(10_240)],
    ['a jar with a torn end', jarOf(MAIN, classMember(MAIN)).subarray(0, -1)],
  ])('is a zip archive, not %s', async (_, content) => {
    expect(await said(content, { mainClass: MAIN })).toMatch(/^filePath: app.jar is no jar: /);
  });

  it('whose directory lies is refused, and read no further than it goes', async () => {
    const jar = jarOf(MAIN, classMember(MAIN));
    const with16 = (at: number, value: number): Buffer => {
      const bytes = Buffer.from(jar);
      bytes.writeUInt16LE(value, bytes.length - 22 + at);
      return bytes;
    };
    const with32 = (at: number, value: number): Buffer => {
      const bytes = Buffer.from(jar);
      bytes.writeUInt32LE(value, bytes.length - 22 + at);
      return bytes;
    };
    for (const bytes of [
      with16(10, 60_000),
      with32(12, 0x7fffffff),
      with32(12, 0),
      with32(12, 0xffffffff),
      with32(16, 0x7fffffff),
    ]) {
      expect(await said(bytes, { mainClass: MAIN })).toMatch(/is no jar/);
    }
  });

  it('may have a comment, a script in front and stored entries', async () => {
    const members = [
      { name: 'META-INF/MANIFEST.MF', content: `Main-Class: ${MAIN}\n`, stored: true },
      { name: 'com/acme/Main.class', content: classFile(MAIN), stored: true },
    ];
    expect(await said(zipOf(members, 'a comment with PK\x05\x06 in it'))).toBeNull();
    expect(await said(Buffer.concat([Buffer.from('#!/bin/sh\n'), zipOf(members)]))).toBeNull();
  });

  it('may have more entries than fit into 16 bits', async () => {
    const many = Array.from({ length: 66_000 }, (_, place) => ({
      name: `com/acme/generated/with/a/long/name/Class${place}.class`,
      content: '',
      stored: true,
    }));
    const jar = jarOf(MAIN, ...many, classMember(MAIN));
    expect(await said(jar)).toBeNull();
    expect(await said(jar, { mainClass: 'com.acme.Gone' })).toMatch(/has no class/);
  });

  it('needs a main class from somewhere', async () => {
    const unnamed = /^mainClass: The manifest of the jar names no Main-Class/;
    expect(await said(jarOf(null, classMember(MAIN)))).toMatch(unnamed);
    expect(await said(zipOf([classMember(MAIN)]))).toMatch(unnamed);
  });

  it('has its main class named over several lines of the manifest', async () => {
    const manifest = 'Manifest-Version: 1.0\r\nmain-class: com.ac\r\n me.Main\r\n\r\nName: x\r\n';
    const jar = zipOf([{ name: 'meta-inf/Manifest.mf', content: manifest }, classMember(MAIN)]);
    expect(await said(jar)).toBeNull();
    const later = 'Manifest-Version: 1.0\n\nName: x\nMain-Class: com.acme.Main\n';
    const section = zipOf([{ name: 'META-INF/MANIFEST.MF', content: later }, classMember(MAIN)]);
    expect(await said(section)).toMatch(/names no Main-Class/);
  });

  it('without the class is refused, and the class is named', async () => {
    const jar = jarOf('com.acme.Gone', classMember(MAIN));
    expect(await said(jar)).toBe('filePath: The jar has no class com.acme.Gone.');
    expect(await said(jar, { kind: 'jar-class', mainClass: 'Main' })).toBe(
      'mainClass: The jar has no class Main.',
    );
  });

  it('without main in the class is refused where that is certain', async () => {
    const of = (...options: Parameters<typeof classMember>) =>
      said(jarOf(MAIN, classMember(...options)));
    expect(await of(MAIN, { main: false })).toBe(
      'filePath: The class com.acme.Main has no public static void main(String[] args).',
    );
    expect(await of(MAIN, { flags: 0x0001 })).toMatch(/has no public static void main/);
    expect(await of(MAIN, { flags: 0x0008 })).toMatch(/has no public static void main/);
    expect(await of(MAIN, { main: false, superName: 'com/acme/Base' })).toBeNull();
    const broken = { name: 'com/acme/Main.class', content: 'no class' };
    expect(await said(jarOf(MAIN, broken))).toBeNull();
  });

  it('that brings classes from elsewhere is left to the run', async () => {
    const manifest = `Main-Class: ${MAIN}\nClass-Path: lib/other.jar\n`;
    expect(await said(zipOf([{ name: 'META-INF/MANIFEST.MF', content: manifest }]))).toBeNull();
    const empty = jarOf(MAIN);
    expect(await said(empty, { sparkConfig: { 'spark.jars': 's3a://b/c.jar' } })).toBeNull();
    expect(await said(empty, { sparkConfig: { 'spark.jars.packages': 'a:b:1' } })).toBeNull();
    expect(await said(empty)).toMatch(/has no class/);
  });

  it('that is a bomb is not unpacked', async () => {
    const bomb = { name: 'META-INF/MANIFEST.MF', content: Buffer.alloc(64 << 20) };
    expect(await said(zipOf([bomb, classMember(MAIN)]))).toMatch(/is no jar: .*damaged/);
  });
});

describe('the name of a program', () => {
  it('tells Spark what it is', async () => {
    const jar = jarOf(MAIN, classMember(MAIN));
    expect(await said(jar, {}, 'app.zip')).toMatch(/^filePath: .* ends with .jar/);
    expect(await said('', { kind: 'python-file' }, 'app.txt')).toMatch(/ends with .py/);
    expect(await said('', { kind: 'python-file' }, 'app.PY')).toMatch(/ends with .py/);
    expect(await said('', { kind: 'python-file' }, 'app.py')).toBeNull();
    expect(await said(jar, {}, 'APP.JAR')).toBeNull();
  });
});
