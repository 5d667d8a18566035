import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diskFiles } from '../../src/config/config-files.ts';
import { load } from '../../src/config/load.ts';

const ROOT = resolve(import.meta.dirname, '../..');

const token = { name: 'ana', sha256: 'a'.repeat(64), roles: ['user'] };
const deployed = {
  LIBRA_SECURITY_TOKENS: JSON.stringify([token]),
  SPARK_AUTHENTICATE_SECRET: 'shared',
  POD_IP: '10.1.2.3',
  POD_NAME: 'libra-0',
};

describe('the files that come with the server', () => {
  it('local keeps everything on this machine', () => {
    const config = load({}, { projectRoot: ROOT });
    expect(config.server.address).toBe('127.0.0.1');
    expect(config.spark).toMatchObject({ master: 'local[*]', localIp: '127.0.0.1' });
    expect(config.spark.config).toMatchObject({
      'spark.scheduler.mode': 'FAIR',
      'spark.driver.host': 'localhost',
      'spark.driver.bindAddress': '127.0.0.1',
      'spark.driver.port': '7078',
      'spark.sql.session.timeZone': 'UTC',
    });
  });

  it.each([
    ['docker', 'spark://spark-master:7077', 'libra'],
    ['k8s', 'spark://spark-master:7077', '10.1.2.3'],
    ['k8s-native', 'k8s://https://kubernetes.default.svc', '10.1.2.3'],
  ])('%s reaches its cluster, and guards itself', (profile, master, host) => {
    const config = load({ ...deployed, LIBRA_PROFILES: profile }, { projectRoot: ROOT });
    expect(config.server.address).toBe('0.0.0.0');
    expect(config.spark.master).toBe(master);
    expect(config.spark.localIp).toBeNull();
    expect(config.spark.config).toMatchObject({
      'spark.driver.host': host,
      'spark.authenticate': 'true',
      'spark.ui.killEnabled': 'false',
      'spark.dynamicAllocation.enabled': 'true',
      'spark.dynamicAllocation.shuffleTracking.enabled': 'true',
    });
    // A standalone master gives the first application every core.
    expect('spark.cores.max' in config.spark.config).toBe(master.startsWith('spark://'));
  });

  it.each(['docker', 'k8s', 'k8s-native'])('%s does not start unguarded', (profile) => {
    const { LIBRA_SECURITY_TOKENS: _, ...unguarded } = deployed;
    const run = () => load({ ...unguarded, LIBRA_PROFILES: profile }, { projectRoot: ROOT });
    expect(run).toThrow(/server.address 0.0.0.0 lets others reach this server/);
  });
});

describe('the disk', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'libra-config-'));
  });
  afterEach(() => {
    chmodSync(folder, 0o700);
    rmSync(folder, { recursive: true });
  });

  it('tells what is missing from what is there', () => {
    const file = join(folder, 'a.yml');
    writeFileSync(file, 'x', { mode: 0o640 });
    expect(diskFiles.read(file)).toBe('x');
    expect(diskFiles.mode(file)).toBe(0o640);
    expect(diskFiles.list(folder)).toEqual(['a.yml']);
    expect(diskFiles.read(join(folder, 'b.yml'))).toBeNull();
    expect(diskFiles.mode(join(file, 'under-a-file'))).toBeNull();
    expect(diskFiles.list(join(folder, 'none'))).toEqual([]);
  });

  it('names a file that cannot be read', () => {
    const run = () => load({ LIBRA_CONFIG_DIR: folder }, { workingDir: folder });
    writeFileSync(join(folder, 'application-local.yml'), '');
    expect(run).toThrow(/application.yml: is not there/);
  });

  it('shows files by the short path from the working directory', () => {
    writeFileSync(join(folder, 'application.yml'), 'server: { port: x }');
    writeFileSync(join(folder, 'application-local.yml'), '');
    expect(() => load({ LIBRA_CONFIG_DIR: folder }, { workingDir: folder })).toThrow(
      /- application.yml:1: server.port/,
    );
  });
});
