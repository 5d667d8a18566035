import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  archivingClassData,
  bridgeFolder,
  type ClassData,
  classDataOf,
  withClassData,
} from '../../src/drivers/in-process/class-data.ts';
import type { JvmLaunch } from '../../src/drivers/in-process/native.ts';

let folder: string;
let jar: string;
let javaHome: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'libra-class-data-'));
  jar = join(folder, 'a.jar');
  javaHome = join(folder, 'java');
  mkdirSync(javaHome);
  writeFileSync(join(javaHome, 'release'), 'JAVA_VERSION="17.0.1"');
  writeFileSync(jar, 'jar');
});
afterEach(() => rmSync(folder, { recursive: true }));

const launch = (): JvmLaunch => ({ options: ['-Xmx1g'], classPath: [jar] });
const data = (): ClassData => {
  const found = classDataOf(launch(), javaHome, folder);
  if (found === null) throw new Error('no class data');
  return found;
};

it('belongs to one JDK and one class path', () => {
  const { archive } = data();
  expect(data().archive).toBe(archive);
  utimesSync(jar, new Date(), new Date(0));
  const rebuilt = data().archive;
  expect(rebuilt).not.toBe(archive);
  writeFileSync(join(javaHome, 'release'), 'JAVA_VERSION="17.0.2"');
  expect(data().archive).not.toBe(rebuilt);
});

it('is not for a folder on the class path, nor for an unknown JDK', () => {
  expect(classDataOf({ options: [], classPath: [jar, folder] }, javaHome, folder)).toBeNull();
  expect(classDataOf(launch(), null, folder)).toBeNull();
  expect(classDataOf(launch(), join(folder, 'none'), folder)).toBeNull();
});

it('joins the launch once it has been made', () => {
  const made = data();
  expect(withClassData(launch(), made)).toEqual(launch());
  expect(withClassData(launch(), null)).toEqual(launch());
  writeFileSync(made.archive, '');
  writeFileSync(made.bridge, '');
  const joined = withClassData(launch(), made);
  expect(joined.bridge).toBe(made.bridge);
  expect(joined.options).toContain(`-XX:SharedArchiveFile=${made.archive}`);
  expect(joined.options[0]).toBe('-Xmx1g');
});

it('is made by a launch on the same class path', () => {
  const making = archivingClassData(launch(), data(), '/x.jsa');
  expect(making.classPath).toEqual(launch().classPath);
  expect(making.options).toContain('-XX:ArchiveClassesAtExit=/x.jsa');
  expect(existsSync(join(bridgeFolder(), 'node'))).toBe(true);
});
