import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { archiveOf } from '../../src/drivers/class-data.ts';
import {
  bridgeFolder,
  bridgeJar,
  recordingClassData,
  withClassData,
} from '../../src/drivers/in-process/bridge.ts';
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
const archive = (): string => {
  const found = archiveOf('embedded', [jar], javaHome, folder);
  if (found === null) throw new Error('no class data');
  return found;
};

it('belongs to one JDK, one class path and one host of drivers', () => {
  const first = archive();
  expect(archive()).toBe(first);
  expect(archiveOf('child', [jar], javaHome, folder)).not.toBe(first);
  utimesSync(jar, new Date(), new Date(0));
  const rebuilt = archive();
  expect(rebuilt).not.toBe(first);
  writeFileSync(join(javaHome, 'release'), 'JAVA_VERSION="17.0.2"');
  expect(archive()).not.toBe(rebuilt);
});

it('is not for a folder on the class path, nor for an unknown JDK', () => {
  expect(archiveOf('embedded', [jar, folder], javaHome, folder)).toBeNull();
  expect(archiveOf('embedded', [jar], null, folder)).toBeNull();
  expect(archiveOf('embedded', [jar], join(folder, 'none'), folder)).toBeNull();
});

it('joins the launch once it has been made', () => {
  const made = archive();
  expect(withClassData(launch(), made, folder)).toEqual(launch());
  expect(withClassData(launch(), null, folder)).toEqual(launch());
  writeFileSync(made, '');
  writeFileSync(bridgeJar(folder), '');
  const joined = withClassData(launch(), made, folder);
  expect(joined.bridge).toBe(bridgeJar(folder));
  expect(joined.options).toContain(`-XX:SharedArchiveFile=${made}`);
  expect(joined.options[0]).toBe('-Xmx1g');
});

it('is made by a launch on the same class path', () => {
  const making = recordingClassData(launch(), folder, '/x.jsa');
  expect(making.classPath).toEqual(launch().classPath);
  expect(making.options).toContain('-XX:ArchiveClassesAtExit=/x.jsa');
  expect(existsSync(join(bridgeFolder(), 'node'))).toBe(true);
});
