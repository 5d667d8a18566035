import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** What the scripts use of every Unix: only these, so that nothing else of this machine helps out. */
const UNIX =
  'bash sh env dirname basename cat sed awk grep head cut tr sort find xargs cksum sha256sum ' +
  'readlink ln mv rm mkdir mktemp ps sleep df id cp touch chmod';

let clone: string;
let path: string;

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'libra-setup-'));
  cpSync(join(ROOT, 'bin'), join(clone, 'bin'), { recursive: true });
  for (const name of [
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
  ]) {
    cpSync(join(ROOT, name), join(clone, name));
  }
  put('src/main.ts', 'export {};\n');
  put('jvm-shim/pom.xml', '<project/>\n');
  put('jvm-shim/src/main/java/A.java', 'class A {}\n');
  path = join(clone, 'path');
  mkdirSync(path);
  for (const name of UNIX.split(' ')) link(name);
});

afterEach(() => rmSync(clone, { recursive: true, force: true }));

const put = (file: string, text: string, mode = 0o644): void => {
  const target = join(clone, file);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text, { mode });
};

const link = (name: string): void => {
  const found = spawnSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
  if (found.status === 0) symlinkSync(found.stdout.trim(), join(path, name));
};

/** A program of this name that runs the given shell lines, and notes that it was called. */
const program = (name: string, lines = ':'): void => {
  const log = join(clone, 'calls.log');
  const text = `#!/bin/bash\nset -e\necho "${name} $*" >> '${log}'\n${lines}\n`;
  writeFileSync(join(path, name), text, { mode: 0o755 });
};

const calls = (): readonly string[] => {
  const log = join(clone, 'calls.log');
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
};

const jdk = (name: string, version: string, programs: readonly string[] = ['javac']): string => {
  put(`${name}/release`, `IMPLEMENTOR="X"\nJAVA_VERSION="${version}"\n`);
  mkdirSync(join(clone, name, 'bin'), { recursive: true });
  for (const each of programs) put(`${name}/bin/${each}`, '#!/bin/sh\n', 0o755);
  return join(clone, name);
};

const bin = (script: string, args: readonly string[] = [], env: Record<string, string> = {}) => {
  const run = spawnSync(join(clone, 'bin', script), args, {
    cwd: clone,
    env: { PATH: path, ...env },
    encoding: 'utf8',
  });
  return { code: run.status, out: run.stdout, said: run.stderr };
};

/** A machine with everything, whose npm, pip, Maven and tsc leave behind what the real ones do. */
const wholeMachine = (): Record<string, string> => {
  symlinkSync(process.execPath, join(path, 'node'));
  const modules = `${clone}/node_modules`;
  program(
    'npm',
    [
      `mkdir -p ${modules}/better-sqlite3 ${modules}/java ${modules}/.bin`,
      `echo 'module.exports = () => {}' > ${modules}/better-sqlite3/index.js`,
      `echo 'module.exports = {}' > ${modules}/java/index.js`,
      `cp ${clone}/package-lock.json ${modules}/.package-lock.json`,
      `printf '#!/bin/bash\\nset -e\\necho tsc >> ${clone}/calls.log\\nmkdir -p ${clone}/dist\\n' > ${modules}/.bin/tsc`,
      `chmod +x ${modules}/.bin/tsc`,
    ].join('\n'),
  );
  program(
    'mvn',
    `case $1 in --version) echo 'Apache Maven 3.8.7'; exit ;; esac\nmkdir -p ${clone}/jvm-shim/target; touch ${clone}/jvm-shim/target/libra-driver-host.jar`,
  );
  put(
    'python',
    [
      '#!/bin/bash',
      'set -e',
      `case "$*" in`,
      `  *platform*) echo 3.12.1 ;;`,
      `  *ensurepip*) ;;`,
      `  *find_spec*) echo ${clone}/.spark/venv/lib/pyspark/__init__.py | sed 's,/__init__.py,,' ;;`,
      `  *'-m venv'*) mkdir -p "$3/bin"; cp ${clone}/python "$3/bin/python"; echo "venv" >> ${clone}/calls.log ;;`,
      `  *'pip install'*) echo pip >> ${clone}/calls.log; [ ! -e ${clone}/pip-fails ]; mkdir -p ${clone}/.spark/venv/lib/pyspark/jars ;;`,
      'esac',
      '',
    ].join('\n'),
    0o755,
  );
  symlinkSync(join(clone, 'python'), join(path, 'python3'));
  program('make');
  program('c++');
  return { JAVA_HOME: jdk('jdk-17', '17.0.15') };
};

describe('prerequisites', () => {
  it('are all named at once, each with the way to get it', () => {
    const { code, said } = bin('setup', ['--check']);
    expect(code).toBe(1);
    for (const gap of [
      'Node.js 20.12',
      'A JDK, 17 or 21',
      'Python 3.10',
      'Maven 3.6',
      'C++ compiler',
      'make',
    ]) {
      expect(said).toContain(gap);
    }
    expect(said).toMatch(/apt-get install openjdk-17-jdk.*brew install openjdk@17/);
    expect(said).toContain('apt-get install build-essential');
  });

  it('stop the set-up before it does anything', () => {
    expect(bin('setup').code).toBe(1);
    expect(existsSync(join(clone, '.spark'))).toBe(false);
  });

  it('are there on a whole machine', () => {
    const env = wholeMachine();
    expect(bin('setup', ['--check'], env)).toMatchObject({ code: 0 });
  });

  it.each([
    ['a runtime without a compiler', () => jdk('jre', '17.0.1', ['java']), 'a JDK is needed'],
    ['a JDK that is too old', () => jdk('old', '11.0.2'), 'is a JDK 11; 17 or 21 is needed'],
    ['a folder that is not there', () => '/nowhere/jdk', 'is no folder'],
  ])('name %s in JAVA_HOME', (_, home, message) => {
    const env = { ...wholeMachine(), JAVA_HOME: home() };
    const { code, said } = bin('setup', ['--check'], env);
    expect(code).toBe(1);
    expect(said).toContain(message);
    expect(said).toContain('JAVA_HOME');
  });

  it('find the JDK through the links that lead to javac', () => {
    const { JAVA_HOME: home = '' } = wholeMachine();
    mkdirSync(join(clone, 'alternatives'));
    symlinkSync(join(home, 'bin/javac'), join(clone, 'alternatives/javac'));
    symlinkSync('../alternatives/javac', join(path, 'javac'));
    expect(bin('setup', ['--check'])).toMatchObject({ code: 0 });
  });

  it.each([
    ['node', 'echo 18.19.0', 'Node.js is 18.19.0; 20.12 or later'],
    ['mvn', "echo 'Apache Maven 3.5.4 (x)'", 'Maven is 3.5.4; 3.6 or later'],
    ['python3', 'echo 3.9.2', 'python3 is 3.9.2; 3.10 or later'],
    ['python3', 'case "$*" in *ensurepip*) exit 1 ;; *) echo 3.11.2 ;; esac', 'python3-venv'],
    ['df', "printf 'a\\nb 1 1 1048576 1 /\\n'", 'has 1 GiB free; 3 GiB are needed'],
  ])('name a %s that does not do (%s)', (name, lines, message) => {
    const env = wholeMachine();
    rmSync(join(path, name), { force: true });
    program(name, lines);
    const { code, said } = bin('setup', ['--check'], env);
    expect(code).toBe(1);
    expect(said).toContain(message);
  });
});

describe('the set-up', () => {
  const STEPS = ['npm packages', 'Spark 4.', 'the Java driver host', 'the TypeScript build'];

  it('does everything once, says so on stderr, and then nothing', () => {
    const env = wholeMachine();
    const first = bin('setup', [], env);
    expect(first).toMatchObject({ code: 0, out: '' });
    for (const step of STEPS) expect(first.said).toContain(`setup: ${step}`);
    expect(existsSync(join(clone, '.spark/home/jars'))).toBe(true);
    const before = calls();
    expect(bin('setup', [], env)).toEqual({ code: 0, out: '', said: '' });
    expect(calls()).toEqual(before);
    expect(existsSync(join(clone, '.spark/setup.lock'))).toBe(false);
  });

  it.each([
    ['src/main.ts', 'the TypeScript build'],
    ['jvm-shim/src/main/java/A.java', 'the Java driver host'],
    ['bin/lib/python-requirements.txt', 'Spark 4.'],
  ])('does again what depends on %s', (file, step) => {
    const env = wholeMachine();
    bin('setup', [], env);
    put(file, '# changed\n');
    const { said } = bin('setup', [], env);
    expect(STEPS.filter((each) => said.includes(`setup: ${each}`))).toEqual([step]);
  });

  it('compiles the native packages again for another JDK', () => {
    bin('setup', [], wholeMachine());
    bin('setup', [], { JAVA_HOME: jdk('jdk-21', '21.0.1') });
    expect(calls().filter((call) => call.startsWith('npm'))).toEqual([
      expect.stringMatching(/^npm ci /),
      expect.stringMatching(/^npm rebuild java better-sqlite3/),
    ]);
  });

  it('leaves packages alone that somebody has installed by hand', () => {
    const env = wholeMachine();
    bin('setup', [], env);
    rmSync(join(clone, 'node_modules/.libra-setup'));
    bin('setup', [], env);
    expect(calls().filter((call) => call.startsWith('npm'))).toHaveLength(1);
  });

  it('begins a Spark anew whose installation broke off', () => {
    const env = wholeMachine();
    put('pip-fails', '');
    const { code } = bin('setup', [], env);
    expect(code).not.toBe(0);
    expect(existsSync(join(clone, '.spark/venv/.libra-setup'))).toBe(false);
    put('.spark/venv/lib/half', '');
    rmSync(join(clone, 'pip-fails'));
    expect(bin('setup', [], env).code).toBe(0);
    expect(existsSync(join(clone, '.spark/venv/lib/half'))).toBe(false);
    expect(calls().filter((call) => call === 'venv')).toHaveLength(2);
  });

  it('takes the Spark of SPARK_HOME, and builds against its version', () => {
    const env = wholeMachine();
    put('spark/jars/spark-core_2.13-4.1.0.jar', '');
    expect(bin('setup', [], { ...env, SPARK_HOME: join(clone, 'spark') }).code).toBe(0);
    expect(calls()).not.toContain('pip');
    expect(calls().find((call) => call.includes('package'))).toContain('-Dspark.version=4.1.0');
  });

  it('refuses a SPARK_HOME without a Spark 4', () => {
    const env = wholeMachine();
    const { code, said } = bin('setup', [], { ...env, SPARK_HOME: '/nowhere' });
    expect(code).not.toBe(0);
    expect(said).toContain('SPARK_HOME is /nowhere, which holds no Spark 4');
  });

  it('runs one at a time: a second one waits and finds everything done', async () => {
    const env = wholeMachine();
    const npm = readFileSync(join(path, 'npm'), 'utf8');
    const waiting = `while [ ! -e ${clone}/go ]; do sleep 0.02; done`;
    writeFileSync(join(path, 'npm'), npm.replace('set -e\n', `set -e\n${waiting}\n`));
    const start = () => {
      const child = spawn(join(clone, 'bin/setup'), {
        cwd: clone,
        env: { PATH: path, ...env },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const run = { said: '', ended: once(child, 'exit') };
      child.stderr.on('data', (data) => {
        run.said += data;
      });
      return run;
    };
    const first = start();
    await vi.waitUntil(() => first.said.includes('setup: npm packages'), 10_000);
    const second = start();
    await vi.waitUntil(() => second.said.includes('waiting for another set-up'), 10_000);
    put('go', '');
    expect((await first.ended)[0]).toBe(0);
    expect((await second.ended)[0]).toBe(0);
    expect(STEPS.filter((step) => second.said.includes(step))).toEqual([]);
    expect(calls().filter((call) => ['pip', 'tsc'].includes(call))).toEqual(['pip', 'tsc']);
  });

  it('takes over the lock of one that was killed', () => {
    const env = wholeMachine();
    mkdirSync(join(clone, '.spark'));
    const { pid } = spawnSync('/bin/true');
    symlinkSync(String(pid), join(clone, '.spark/setup.lock'));
    expect(bin('setup', [], env).code).toBe(0);
  });
});

describe('bin/libra', () => {
  it('becomes the server where nobody supervises, with its settings and its exit code', () => {
    const env = wholeMachine();
    put(
      'dist/main.js',
      'console.log(process.ppid, process.env.JAVA_HOME, process.env.NODE_ENV); process.exit(7);',
    );
    const { code, out } = bin('libra', ['serve'], {
      ...env,
      LIBRA_SETUP: 'skip',
      LIBRA_SUPERVISE: 'off',
    });
    expect(code).toBe(7);
    expect(out).toBe(`${process.pid} ${env.JAVA_HOME} production\n`);
  });

  it('tells its version, and how it is used', () => {
    wholeMachine();
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(bin('libra', ['version']).out).toBe(`${version}\n`);
    expect(bin('libra', ['help']).out).toContain('backup FILE');
    expect(bin('libra', ['dance'])).toMatchObject({ code: 2, out: '' });
    expect(bin('libra', ['backup'])).toMatchObject({ code: 2, out: '' });
  });
});

describe('.ci/run', () => {
  const ciRun = (report: object | null, code: number) => {
    wholeMachine();
    mkdirSync(join(clone, '.ci'));
    cpSync(join(ROOT, '.ci/run'), join(clone, '.ci/run'));
    const write = report === null ? ':' : `echo '${JSON.stringify(report)}' > $LIBRA_TEST_REPORT`;
    program('npm', `${write}\nexit ${code}`);
    const { status, stdout } = spawnSync(join(clone, '.ci/run'), {
      env: { PATH: path },
      encoding: 'utf8',
    });
    return { status, last: stdout.trimEnd().split('\n').pop() };
  };

  it.each([
    [{ numPassedTests: 9, numFailedTests: 0, numPendingTests: 0 }, 0, '9 passed, 0 failed'],
    [
      { numPassedTests: 9, numFailedTests: 2, numPendingTests: 1, numTodoTests: 1 },
      1,
      '9 passed, 2 failed, 2 skipped',
    ],
    // A file that did not load has no tests that could fail.
    [{ numPassedTests: 9, numFailedTests: 0 }, 1, '9 passed, 1 failed'],
    [null, 2, '0 passed, 1 failed'],
  ])('ends with the counts of %j and the code %i', (report, code, last) => {
    expect(ciRun(report, code)).toEqual({ status: code, last });
  });
});

describe('package-lock.json', () => {
  interface LockedPackage {
    readonly resolved?: string;
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly optionalDependencies?: Readonly<Record<string, string>>;
  }
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };

  const found = (from: string, name: string): boolean => {
    const nested = `${from === '' ? '' : `${from}/`}node_modules/${name}`;
    if (packages[nested] !== undefined) return true;
    const above = from.lastIndexOf('/node_modules/');
    return from !== '' && found(above < 0 ? '' : from.slice(0, above), name);
  };

  it('names every package, those of other systems too, or npm ci refuses it', () => {
    const missing = Object.entries(packages).flatMap(
      ([from, { dependencies, optionalDependencies }]) =>
        Object.keys({ ...dependencies, ...optionalDependencies })
          .filter((name) => !found(from, name))
          .map((name) => `${from} → ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it('names no registry, so that everyone may use their own', () => {
    expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
  });
});
