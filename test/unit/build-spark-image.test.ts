import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const SCRIPT = join(ROOT, 'bin/build-spark-image.sh');
const SHA_OF_3_14_0 = '2299dae542d395ce3883aca00d3c910307cd68e0b2f7336098c8e7b7eee9f3e9';

let folder: string;
let env: Record<string, string>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'libra-build-image-'));
  mkdirSync(join(folder, 'bin'));
  engine('docker');
  env = { PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter), SAID: folder };
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A stand-in for docker: writes down how it was called, what its secrets hold, and who may read. */
const engine = (name: string, rest = ''): void => {
  const file = join(folder, 'bin', name);
  writeFileSync(
    file,
    `#!/usr/bin/env bash
printf '${name} %s\\n' "$*" >> "$SAID/calls"
env >> "$SAID/environment"
for argument in "$@"; do
  case $argument in
    id=*,src=*) printf '%s %s %s\\n' "\${argument%%,*}" "$(cat "\${argument#*src=}")" "$(stat -c %a "\${argument#*src=}")" >> "$SAID/secrets" ;;
  esac
done
${rest}
`,
  );
  chmodSync(file, 0o755);
};

const read = (name: string): string =>
  existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '';

const run = (
  args: readonly string[],
  input = '',
): Promise<{ code: number; stderr: string; stdout: string }> =>
  new Promise((done) => {
    const child = execFile(SCRIPT, [...args], { env, cwd: folder }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    child.stdin?.end(input);
  });

/** The calls of the engine, without the folders that differ from run to run. */
const calls = (): readonly string[] =>
  read('calls')
    .trim()
    .replaceAll(ROOT, '.')
    .replaceAll(/src=\S*\/(username|password)/g, 'src=$1')
    .split('\n');

const BASE = `docker build --file ./docker/base/Dockerfile --tag whereq/spark:4.0.1-base --tag whereq/spark:4.0.1`;
const VERSIONS = '--build-arg SPARK_VERSION=4.0.1 --build-arg PYTHON_VERSION=3.14.0';

describe('bin/build-spark-image.sh', () => {
  it('builds base, with the bare version as well', async () => {
    expect(await run([])).toMatchObject({ code: 0, stdout: '' });
    expect(calls()).toEqual([`${BASE} ${VERSIONS} .`]);
    expect(read('environment')).toContain('DOCKER_BUILDKIT=1');
  });

  it.each(['gcs', 's3', 'minio'])('builds %s on base', async (variant) => {
    expect((await run(['-v', variant])).code).toBe(0);
    expect(calls()).toEqual([
      `${BASE} ${VERSIONS} .`,
      `docker build --file ./docker/${variant}/Dockerfile --tag whereq/spark:4.0.1-${variant} --build-arg SPARK_IMAGE=whereq/spark:4.0.1-base .`,
    ]);
  });

  it('takes each option in its long form, with a space or an equals sign', async () => {
    const args = [
      '--variant=s3',
      '--tag',
      'registry.example:5000/team/spark',
      '--spark-version=4.1.0',
    ];
    const { code } = await run([...args, '--python-version', '3.13.9', '--no-cache', '--push']);
    expect(code).toBe(0);
    const name = 'registry.example:5000/team/spark:4.1.0';
    expect(calls()).toEqual([
      `docker build --file ./docker/base/Dockerfile --tag ${name}-base --tag ${name} --no-cache --build-arg PYTHON_SHA256= --build-arg SPARK_VERSION=4.1.0 --build-arg PYTHON_VERSION=3.13.9 .`,
      `docker build --file ./docker/s3/Dockerfile --tag ${name}-s3 --no-cache --build-arg PYTHON_SHA256= --build-arg SPARK_IMAGE=${name}-base .`,
      `docker push ${name}-s3`,
    ]);
  });

  it('pushes base by both names', async () => {
    expect((await run(['--push'])).code).toBe(0);
    expect(calls().slice(1)).toEqual([
      'docker push whereq/spark:4.0.1-base',
      'docker push whereq/spark:4.0.1',
    ]);
  });

  it('hands over where things lie, and a checksum', async () => {
    const given = {
      PIP_INDEX_URL: 'https://store.example/pypi',
      INSTALL_GCLOUD: 'true',
      PYTHON_SHA256: 'abc',
    };
    env = { ...env, ...given };
    expect((await run(['-v', 'gcs'])).code).toBe(0);
    for (const call of calls()) {
      for (const [name, value] of Object.entries(given))
        expect(call).toContain(`--build-arg ${name}=${value} `);
    }
  });

  it('has the checksum of its own Python in the Dockerfile', () => {
    expect(readFileSync(join(ROOT, 'docker/base/Dockerfile'), 'utf8')).toContain(SHA_OF_3_14_0);
  });

  it('takes podman where there is no docker, and the engine that is named', async () => {
    engine('podman');
    env = { ...env, CONTAINER_ENGINE: 'podman' };
    expect((await run([])).code).toBe(0);
    expect(calls()[0]).toMatch(/^podman build /);
    env = { ...env, CONTAINER_ENGINE: 'none-of-them' };
    expect(await run([])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('none-of-them'),
    });
  });

  it('ends with the fault of the engine, and builds nothing on it', async () => {
    engine('docker', 'exit 7');
    expect((await run(['-v', 's3', '--push'])).code).toBe(7);
    expect(calls()).toHaveLength(1);
  });

  it.each([['-h'], ['--help']])('explains itself: %s', async (option) => {
    const { code, stdout } = await run([option]);
    expect(code).toBe(0);
    for (const name of [
      '-v, --variant',
      '-t, --tag',
      '-s, --spark-version',
      '-p, --python-version',
      '-u, --https-user',
      '-P, --https-pass',
      '--push',
      '--no-cache',
      '-h, --help',
    ]) {
      expect(stdout).toContain(name);
    }
    expect(read('calls')).toBe('');
  });

  it.each([
    [['--variant', 'azure'], 'the variant is one of base gcs s3 minio, not azure'],
    [['-v'], '-v needs a value'],
    [['-t', ''], 'the value of -t is empty'],
    [['-s', '3.5.1'], 'the version of Spark is like 4.0.1, not 3.5.1'],
    [['-s', '4.0'], 'the version of Spark is like 4.0.1, not 4.0'],
    [['-p', '3.14'], 'the version of Python is like 3.14.0, not 3.14'],
    [['-t', 'Upper/Case'], 'Upper/Case is no name of an image'],
    [['-t', 'whereq/spark:1'], 'whereq/spark:1 has a tag already'],
    [['-t', '-rf'], '-rf is no name of an image'],
    [['--frobnicate'], 'unknown option --frobnicate'],
    [['base'], 'unknown option base'],
    [['-u', 'ana'], 'the password is missing'],
    [['-P', 'hidden'], 'the user is missing'],
    [['-u', 'ana', '-P', ''], 'the password is empty'],
    [['-u', 'ana', '-P'], '-P needs a value'],
  ])('refuses %j', async (args, message) => {
    expect(await run(args)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
    expect(read('calls')).toBe('');
  });
});

describe('the password of an artifact store', () => {
  const PASSWORD = 'p4ss w\'o"rd$`';

  const isASecret = () => {
    expect(read('secrets')).toBe(`id=https_username ana 600\nid=https_password ${PASSWORD} 600\n`);
    expect(read('calls')).not.toContain(PASSWORD);
    expect(read('environment')).not.toContain(PASSWORD);
    // Gone when the script is.
    const [, file = ''] = /id=https_password,src=(\S+)/.exec(read('calls')) ?? [];
    expect(file).not.toBe('');
    expect(existsSync(file)).toBe(false);
  };

  it.each([[['-P', PASSWORD]], [[`--https-pass=${PASSWORD}`]], [['--https-pass', PASSWORD]]])(
    'reaches the build as a secret: %j',
    async (option) => {
      expect((await run(['-u', 'ana', ...option])).code).toBe(0);
      isASecret();
    },
  );

  it('comes on the standard input', async () => {
    expect((await run(['-u', 'ana', '-P', '-'], `${PASSWORD}\n`)).code).toBe(0);
    isASecret();
    expect(await run(['-u', 'ana', '-P', '-'])).toMatchObject({ code: 2 });
  });

  it('comes by the environment', async () => {
    env = { ...env, HTTPS_USERNAME: 'ana', HTTPS_PASSWORD: PASSWORD };
    expect((await run([])).code).toBe(0);
    isASecret();
  });

  it('is in no list of processes while the image is built', async () => {
    engine('docker', 'while [ ! -e "$SAID/go-on" ]; do sleep 0.02; done');
    const child = spawn(SCRIPT, ['-u', 'ana', '-P', PASSWORD], { env, stdio: 'ignore' });
    while (read('calls') === '') await sleep(20);
    const list = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
    expect(list).toContain('build-spark-image.sh -u ana');
    expect(list).not.toContain(PASSWORD);
    writeFileSync(join(folder, 'go-on'), '');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});
