import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { load } from '../../src/config/load.ts';
import { COMPOSE_FILES, composeOf, readCompose } from '../support/compose-file.ts';
import { readDockerfile } from '../support/dockerfile.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const ENV = { SPARK_AUTHENTICATE_SECRET: 'shared' };
const { version, spark } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8'));

const run = promisify(execFile);
const hasClient = await run('docker', ['compose', 'version']).then(
  () => true,
  () => false,
);

describe.each(COMPOSE_FILES)('%s', (file) => {
  const { services, volumes } = readCompose(file, ENV);

  it('is what Compose understands', async () => {
    // By the client where there is one, and by the schema of what is used in any case (readCompose).
    expect(Object.keys(services)).toContain('libra');
    if (!hasClient) return;
    const { stderr } = await run('docker', ['compose', '-f', file, 'config', '--quiet'], {
      cwd: ROOT,
      env: { ...process.env, ...ENV },
    });
    expect(stderr).toBe('');
  });

  it('has its images built from what is there, in the versions of the project', () => {
    for (const { image, build } of Object.values(services)) {
      const dockerfile = typeof build === 'string' ? 'Dockerfile' : build.dockerfile;
      expect(existsSync(resolve(ROOT, dockerfile))).toBe(true);
      expect(image).toBe(
        dockerfile === 'Dockerfile'
          ? `whereq/libra:${version}`
          : `whereq/spark:${spark.version}-base`,
      );
    }
  });

  it('shows its ports to this machine alone', () => {
    const published = Object.values(services).flatMap(({ ports }) => ports);
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
    expect(published.map((port) => Number(port.split(':')[2])).sort()).toEqual(
      file === 'docker-compose.yml' ? [4040, 8080, 8081, 8082, 8083] : [4040, 8080],
    );
  });

  it('asks each service how it is, at its own port', () => {
    for (const [name, { healthcheck, ports }] of Object.entries(services)) {
      const [, port = '', path] =
        /^http:\/\/127\.0\.0\.1:(\d+)(\/.*)$/.exec(healthcheck.test.at(-1) ?? '') ?? [];
      expect(ports.map((each) => each.split(':')[2])).toContain(port);
      expect(path).toBe(name === 'libra' ? '/actuator/health/readiness' : '/');
    }
  });

  it('keeps what is to stay on volumes that there are', () => {
    for (const { volumes: used = [] } of Object.values(services)) {
      for (const volume of used) expect(Object.keys(volumes)).toContain(volume.split(':')[0]);
    }
    expect(services.libra?.volumes).toContain('libra-data:/var/lib/libra');
    expect(readDockerfile('Dockerfile').stages.at(-1)?.instructions).toContainEqual({
      name: 'VOLUME',
      value: '/var/lib/libra',
    });
  });

  it('gives the server a configuration that it takes', () => {
    const given = Object.entries(services.libra?.environment ?? {});
    const env = Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
    const config = load(env, { projectRoot: ROOT });
    expect(config.server).toMatchObject({ address: '0.0.0.0', port: 8080 });
    expect(config.spark.config['spark.ui.port']).toBe('4040');
    expect(config.spark.config['spark.driver.port']).toBe('7078');
    if (file === 'docker-compose.local.yml') {
      expect(config.spark.master).toBe('local[*]');
      return;
    }
    expect(config.spark.master).toBe('spark://spark-master:7077');
    expect(config.spark.config).toMatchObject({
      'spark.driver.host': 'libra',
      'spark.authenticate': 'true',
      'spark.authenticate.secret': 'shared',
      'spark.ui.killEnabled': 'false',
    });
  });
});

describe('docker-compose.yml', () => {
  it('does not start without a secret, and has none itself', () => {
    expect(() => readCompose('docker-compose.yml', {})).toThrow(
      'SPARK_AUTHENTICATE_SECRET: make one by openssl rand -hex 32',
    );
  });

  it('has a master, two workers and the server, all with the secret', () => {
    const { services } = readCompose('docker-compose.yml', ENV);
    expect(Object.keys(services).sort()).toEqual([
      'libra',
      'spark-master',
      'spark-worker-1',
      'spark-worker-2',
    ]);
    for (const { environment } of Object.values(services)) {
      expect(environment.SPARK_AUTHENTICATE_SECRET).toBe('shared');
    }
  });
});

describe('the schema of compose files', () => {
  const text = readFileSync(resolve(ROOT, 'docker-compose.yml'), 'utf8');
  it.each([
    ['a misspelt key', (whole: string) => whole.replace('healthcheck:', 'health_check:')],
    ['a port that is no port', (whole: string) => whole.replace('127.0.0.1:8080:8080', '8080')],
    ['an unknown condition', (whole: string) => whole.replace('service_healthy', 'healthy')],
    ['a duration without a unit', (whole: string) => whole.replace('interval: 5s', 'interval: 5')],
  ])('finds %s', (_, spoil) => {
    expect(() => composeOf(spoil(text), ENV)).toThrow();
  });
});
