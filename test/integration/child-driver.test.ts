import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChildPlace, childPlace, startIn } from '../support/child-fixture.ts';
import { commandOf, processesMarked, processesNaming } from '../support/process-tree.ts';
import { query, type RealDriver, submit } from '../support/real-driver.ts';

const ENDLESS = 'SELECT count(*) FROM range(0, 10000000000000, 1, 4)';
const PYTHON = { kind: 'python' } as const;

const processesOf = (place: ChildPlace): readonly number[] => [
  ...processesNaming(place.driversDir),
  ...processesMarked(`LIBRA_DRIVER=${place.driversDir}`),
];

const nothingIsLeft = async (place: ChildPlace): Promise<void> => {
  await expect.poll(() => processesOf(place), { timeout: 30_000 }).toEqual([]);
  expect(existsSync(place.driversDir) ? readdirSync(place.driversDir) : []).toEqual([]);
};

describe('a child driver', () => {
  const place = childPlace({ heartbeat: { intervalMs: 500, silenceMs: 15_000 } });
  let real: RealDriver;
  beforeAll(async () => {
    real = await startIn(place, { 'spark.libra.test': 'asked' });
  });
  afterAll(async () => {
    await real?.driver.stop();
    rmSync(place.folder, { recursive: true, force: true });
  });

  const running = async () => {
    const jobs = [submit(real, ENDLESS), submit(real, 'import time\ntime.sleep(600)', PYTHON)];
    await expect
      .poll(async () => (await real.driver.stats()).activeTasks, { timeout: 60_000 })
      .toBeGreaterThan(0);
    return jobs;
  };

  /** Lets it die and answers with what its jobs were told, once a new one answers. */
  const dying = async (die: () => unknown): Promise<string> => {
    const jobs = await running();
    const former = real.pid();
    const heard: string[] = [];
    real.driver.onContextLost((cause) => heard.push(cause));
    const ready = new Promise<void>((resolve) => real.driver.onReady(() => resolve()));
    die();
    const causes = [];
    for (const job of jobs) {
      const ending = await job.ended;
      expect(ending).toMatchObject({
        end: 'lost',
        error: { code: 'DRIVER_LOST', retryable: true },
      });
      causes.push(ending.end === 'lost' ? ending.error.message : '');
    }
    await ready;
    expect([...new Set([...causes, ...heard])]).toHaveLength(1);
    expect(real.pid()).not.toBe(former);
    expect(readdirSync(place.driversDir)).toHaveLength(1);
    expect(commandOf(former)).toBe('');
    const result = await query(real, 'SELECT count(*) FROM range(0, 10, 1, 2)');
    expect(result.text).toContain('[10]');
    return heard[0] ?? '';
  };

  it('starts with what was asked for, and keeps what it has to itself', async () => {
    const { text } = await query(real, 'SET spark.libra.test');
    expect(text).toContain('asked');
    const [folder = ''] = readdirSync(place.driversDir);
    const path = join(place.driversDir, folder);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    // The settings were for its start, and so was the name of the socket.
    expect(existsSync(join(path, 'driver.conf'))).toBe(false);
    expect(existsSync(join(path, 'socket'))).toBe(false);
    expect(commandOf(real.pid())).not.toContain('asked');
    const { text: places } = await query(
      real,
      "SELECT java_method('java.lang.System', 'getProperty', 'java.io.tmpdir') AS tmp",
    );
    expect(places).toContain(join(path, 'tmp'));
  });

  it('sees nothing of the environment of its server', async () => {
    process.env.LIBRA_SECRET_OF_TEST = 'hidden';
    const { text } = await query(real, 'import os\nprint(sorted(os.environ))', PYTHON);
    const environment = readFileSync(`/proc/${real.pid()}/environ`, 'latin1');
    delete process.env.LIBRA_SECRET_OF_TEST;
    expect(environment).not.toMatch(/(^|\0)LIBRA_(?!DRIVER=)/);
    expect(text).not.toMatch(/LIBRA_(?!DRIVER'|PYTHON')/);
    expect(environment).toContain(`\0HOME=${place.driversDir}`);
  });

  it('that is killed loses its jobs by the signal, and is replaced', async () => {
    const cause = await dying(() => process.kill(real.pid(), 'SIGKILL'));
    expect(cause).toContain('killed by SIGKILL');
  });

  it('that halts itself says its exit code', async () => {
    const code = 'spark._jvm.java.lang.Runtime.getRuntime().halt(7)';
    const cause = await dying(() => submit(real, code, PYTHON));
    expect(cause).toContain('exit code 7');
  });

  it('that runs out of memory says so', async () => {
    // On no slot: the other jobs hold them all.
    const code = 'sc._gateway.new_array(sc._jvm.long, 2_000_000_000)';
    const cause = await dying(() => submit(real, code, PYTHON));
    expect(cause).toMatch(/ran out of memory: Terminating due to java\.lang\.OutOfMemoryError: .+/);
  });

  it('that stands still is found, killed and replaced', async () => {
    const cause = await dying(() => process.kill(real.pid(), 'SIGSTOP'));
    expect(cause).toContain('did not answer for 15 s and was killed');
  });

  it('says the last lines of its log', async () => {
    const code = [
      'System = spark._jvm.java.lang.System',
      'System.err.println("the last words")',
      'spark._jvm.java.lang.Runtime.getRuntime().halt(9)',
    ].join('\n');
    const cause = await dying(() => submit(real, code, PYTHON));
    expect(cause).toContain('exit code 9');
    expect(cause).toContain('the last words');
    expect(place.logged).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'a driver process has ended' }),
    );
  });

  it('takes along what its jobs have started', async () => {
    const code = [
      'import subprocess',
      'subprocess.Popen(["sleep", "600"], start_new_session=True)',
      'import time; time.sleep(600)',
    ].join('\n');
    const sleeps = () => processesOf(place).filter((pid) => commandOf(pid) === 'sleep 600');
    submit(real, code, PYTHON);
    await expect.poll(sleeps, { timeout: 60_000 }).not.toEqual([]);
    await dying(() => process.kill(real.pid(), 'SIGKILL'));
    expect(sleeps()).toEqual([]);
  });

  it('that is stopped leaves nothing behind, and is not replaced', async () => {
    const [job] = await running();
    await real.driver.stop();
    expect(await job?.ended).toMatchObject({ end: 'lost', error: { code: 'SERVER_STOPPED' } });
    await nothingIsLeft(place);
  });
});

describe('a child driver that cannot start', () => {
  const ivySettings = (folder: string): string => {
    const file = join(folder, 'ivysettings.xml');
    writeFileSync(
      file,
      '<ivysettings><settings defaultResolver="dead"/><resolvers>' +
        '<ibiblio name="dead" m2compatible="true" root="http://127.0.0.1:1/"/>' +
        '</resolvers></ivysettings>',
    );
    return file;
  };

  it('says why, in the words of Spark, and leaves nothing behind', async () => {
    const place = childPlace();
    const start = (settings: Readonly<Record<string, string>>) =>
      place.maker
        .make(settings)
        .start()
        .then(
          () => 'it started',
          (error: Error) => `${error.name}: ${error.message}`,
        );
    const [unresolved, silent, badOption] = await Promise.all([
      start({
        'spark.jars.packages': 'no.such:package:1.0',
        'spark.jars.ivySettings': ivySettings(place.folder),
        'spark.jars.ivy': join(place.folder, 'ivy'),
      }),
      start({ 'spark.master': 'spark://127.0.0.1:1' }),
      start({ 'spark.driver.extraJavaOptions': '-Xss1' }),
    ]);
    expect(unresolved).toMatch(/^DriverStartError: .*spark\.jars\.packages: no\.such:package:1\.0/);
    expect(unresolved).toContain('unresolved dependency');
    expect(silent).toContain('All masters are unresponsive');
    expect(badOption).toContain('exit code 1');
    expect(badOption).toContain('stack size specified is too small');
    for (const message of [unresolved, silent, badOption]) expect(message).not.toMatch(/\n\s+at /);
    await nothingIsLeft(place);
    rmSync(place.folder, { recursive: true, force: true });
    // Spark gives a master a minute to answer.
  }, 240_000);

  it('in time is killed, with its log in the reason', async () => {
    const place = childPlace({ startTimeoutMs: 100 });
    const { start } = place.maker.make({});
    await expect(start()).rejects.toThrow(/did not start within .* s/);
    await nothingIsLeft(place);
    rmSync(place.folder, { recursive: true, force: true });
  });

  it('because it is stopped leaves nothing behind', async () => {
    const place = childPlace();
    const { driver, start } = place.maker.make({});
    const started = start().catch((error: Error) => error.message);
    await expect.poll(() => processesOf(place), { timeout: 30_000 }).not.toEqual([]);
    await driver.stop();
    expect(await started).toContain('stopped while it started');
    await nothingIsLeft(place);
    rmSync(place.folder, { recursive: true, force: true });
  });
});
