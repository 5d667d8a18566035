import { symlink } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DENIED_SETTINGS } from '../../src/domain/spark-settings.ts';
import { CoreFixture } from '../support/core-fixture.ts';
import { FilesFixture } from '../support/files-fixture.ts';
import { testApp } from '../support/http-app.ts';
import { standIns } from '../support/http-services.ts';
import { classMember, jarOf } from '../support/zip.ts';

// They write to a disk that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const MAIN = 'com.acme.Main';
const STANDALONE = 'spark://master:7077';

let disk: FilesFixture;
let core: CoreFixture;
beforeEach(async () => {
  disk = await FilesFixture.open();
  core = await CoreFixture.start({ deniedSettings: DENIED_SETTINGS, master: STANDALONE });
  core.programs.real = disk.programs;
  await disk.write('work/etl.py');
  await disk.write(
    'work/app.jar',
    jarOf(MAIN, classMember(MAIN), classMember('a.B', { main: false })),
  );
});
afterEach(async () => {
  await core.stop();
  await disk.close();
});

/** The real core behind HTTP; only Spark is in the hands of the test. */
const submit = async (body: Record<string, unknown>) => {
  const { jobs, sessions, pools } = core.core;
  const t = testApp(
    { ...standIns(), jobs, sessions, pools, files: disk.files },
    { bodyLimitBytes: 4 << 20 },
  );
  const answer = await t.app.inject({
    method: 'POST',
    url: '/api/v1/sessions/default/statements',
    payload: { wait: '0s', ...body },
  });
  expect(t.contractFaults).toEqual([]);
  return { status: answer.statusCode, body: answer.json() };
};

/** Refused, and nothing is left that could be run or listed. */
const refused = async (body: Record<string, unknown>) => {
  const answer = await submit(body);
  expect((await core.store.jobs.list({}, 10, null)).items).toEqual([]);
  return {
    status: answer.status,
    code: answer.body.code as string,
    detail: answer.body.detail as string,
    fields: answer.body.errors.map(({ field }: { field: string }) => field) as string[],
  };
};

const python = { kind: 'python-file', filePath: 'etl.py' };
const jar = { kind: 'jar', filePath: 'app.jar' };

describe('a program', () => {
  it('is accepted from a root, an upload and a URI, and goes where its kind says', async () => {
    const { id } = await disk.upload({ name: 'anonymous', roles: ['user'] }, 'a.py');
    for (const [body, executor] of [
      [python, 'spark-submit'],
      [jar, 'spark-submit'],
      [{ kind: 'python-file', filePath: id, args: ['--x', 'ü', ''] }, 'spark-submit'],
      [{ kind: 'python-file', filePath: 's3a://b/a.py' }, 'spark-submit'],
      [{ kind: 'jar-class', filePath: 'app.jar', mainClass: MAIN }, 'embedded'],
      [
        { ...jar, kind: 'jar-class', mainClass: MAIN, sparkConfig: { 'spark.executor.cores': 1 } },
        'spark-submit',
      ],
    ] as const) {
      const answer = await submit(body);
      expect([answer.status, answer.body.executor], JSON.stringify(body)).toEqual([202, executor]);
      expect(answer.body).toMatchObject({ applicationId: null, sparkUiUrl: null });
    }
  });
});

describe('what is refused before there is a job', () => {
  it('is a file outside of the roots, however it is named', async () => {
    await disk.write('outside/a.py');
    await symlink(disk.path('outside'), disk.path('work/out'));
    for (const filePath of [
      '../outside/a.py',
      '../outside/none.py',
      '../../../../../../../../etc/passwd',
      disk.path('outside/a.py'),
      'out/a.py',
      `file://${disk.path('outside/a.py')}`,
      'file:/etc/passwd',
      'file:///etc/passwd',
      disk.path('data/libra.db'),
    ]) {
      const answer = await refused({ kind: 'python-file', filePath });
      expect([answer.status, answer.code, answer.fields], filePath).toEqual([
        403,
        'FILE_FORBIDDEN',
        ['filePath'],
      ]);
      expect(answer.detail).toContain(disk.path('work'));
      expect(answer.detail).toContain(disk.path('data'));
    }
  });

  it('is a URI of a scheme that is not allowed', async () => {
    const answer = await refused({ kind: 'jar', filePath: 'https://host/a.jar' });
    expect([answer.status, answer.code]).toEqual([403, 'FILE_FORBIDDEN']);
    expect(answer.detail).toContain('s3a, hdfs, local');
  });

  it('is a file that is not there, or not what its kind needs', async () => {
    await disk.write('work/text.jar', 'PK is not enough');
    for (const body of [
      { ...python, filePath: 'none.py' },
      { ...python, filePath: 'etl.py/' },
      { ...python, filePath: 'app.jar' },
      { ...python, filePath: '0193a5c8-7c1e-7b44-9d2f-3f6d2f0c9a11' },
      { ...jar, filePath: 'none.jar' },
      { ...jar, filePath: 'text.jar' },
      { ...jar, filePath: 'etl.py' },
      { ...jar, filePath: 'a\0.jar' },
      { kind: 'jar-class', filePath: 'text.jar', mainClass: MAIN },
      { kind: 'jar-class', filePath: 's3a://b/a.jar', mainClass: MAIN },
    ]) {
      const answer = await refused(body);
      expect([answer.status, answer.code, answer.fields], JSON.stringify(body)).toEqual([
        400,
        'FILE_NOT_USABLE',
        ['filePath'],
      ]);
    }
  });

  it('is a class that the jar has not, or one without main', async () => {
    for (const kind of ['jar', 'jar-class']) {
      for (const mainClass of ['com.acme.Gone', 'Main', 'a.B']) {
        const answer = await refused({ kind, filePath: 'app.jar', mainClass });
        expect([answer.status, answer.code, answer.fields]).toEqual([
          400,
          'FILE_NOT_USABLE',
          ['mainClass'],
        ]);
        expect(answer.detail).toContain(mainClass);
      }
    }
  });

  it.each([
    ['a key that is not of Spark', { 'hive.x': 1 }, 'hive.x'],
    ['a key with a line break', { 'spark.x\ny': 1 }, 'spark.x\ny'],
    ['a value with a line break', { 'spark.x': 'a\nb' }, 'spark.x'],
    ['a malformed size', { 'spark.executor.memory': '8gg' }, 'spark.executor.memory'],
    ['a number of cores that is none', { 'spark.cores.max': 'all' }, 'spark.cores.max'],
    [
      'a deploy mode that there is not',
      { 'spark.submit.deployMode': 'x' },
      'spark.submit.deployMode',
    ],
  ])('is %s, whatever the kind', async (_, sparkConfig, key) => {
    for (const body of [
      python,
      jar,
      { kind: 'python', code: 'print(1)' },
      { kind: 'sql', code: 'SELECT 1' },
      { kind: 'jar-class', filePath: 'app.jar', mainClass: MAIN },
    ]) {
      const answer = await refused({ ...body, sparkConfig });
      expect([answer.status, answer.code, answer.fields]).toEqual([
        400,
        'INVALID_REQUEST',
        [`sparkConfig.${key}`],
      ]);
    }
  });

  it('is a denied setting, whatever the kind, and it is named', async () => {
    const key = 'spark.driver.extraJavaOptions';
    const sparkConfig = { [key]: '-agentpath:/x', 'spark.executor.cores': 1 };
    for (const body of [
      python,
      jar,
      { kind: 'python', code: 'print(1)' },
      { kind: 'sql', code: 'SELECT 1' },
      { kind: 'jar-class', filePath: 'app.jar', mainClass: MAIN },
    ]) {
      const answer = await refused({ ...body, sparkConfig });
      expect([answer.status, answer.code, answer.fields]).toEqual([
        403,
        'SETTING_DENIED',
        [`sparkConfig.${key}`],
      ]);
      expect(answer.detail).toContain(key);
    }
  });

  it('is a resource outside of the roots', async () => {
    const answer = await refused({ ...python, sparkConfig: { 'spark.files': '/etc/passwd' } });
    expect([answer.status, answer.code, answer.fields]).toEqual([
      403,
      'FILE_FORBIDDEN',
      ['sparkConfig.spark.files'],
    ]);
  });

  it('is Python in cluster mode on a standalone master', async () => {
    const sparkConfig = { 'spark.submit.deployMode': 'cluster' };
    for (const body of [python, { kind: 'python', code: 'print(1)' }]) {
      const answer = await refused({ ...body, sparkConfig });
      expect([answer.status, answer.code, answer.fields]).toEqual([
        400,
        'INVALID_REQUEST',
        ['sparkConfig.spark.submit.deployMode'],
      ]);
      expect(answer.detail).toContain('standalone');
    }
    expect((await submit({ ...jar, sparkConfig })).status).toBe(202);
  });

  it.each([
    ['too many arguments', Array(10_000).fill('x'), 'args', 'up to 1000 texts'],
    ['an argument of 1 MB', ['x'.repeat(1_000_000)], 'args[0]', 'up to 32 KiB'],
    ['one of 33 KiB in two bytes each', ['a', 'ü'.repeat(17_000)], 'args[1]', 'up to 32 KiB'],
    ['too much together', Array(20).fill('x'.repeat(32_000)), 'args', 'up to 512 KiB'],
    ['a NUL', ['a\0b'], 'args[0]', 'without NUL'],
    ['half a character', ['\ud800'], 'args[0]', 'text'],
    ['a number', [1], 'args[0]', 'text'],
  ])('is %s in the arguments', async (_, args, field, rule) => {
    for (const body of [
      python,
      jar,
      { kind: 'python', code: 'print(1)' },
      { kind: 'jar-class', filePath: 'app.jar', mainClass: MAIN },
    ]) {
      const answer = await submit({ ...body, args });
      expect([answer.status, answer.body.code]).toEqual([400, 'INVALID_REQUEST']);
      expect(answer.body.errors[0]).toEqual({ field, message: expect.stringContaining(rule) });
    }
  });

  it.each([
    [{ kind: 'python', code: `x = "${'x'.repeat(1024 * 1024)}"` }, 'code'],
    [{ kind: 'python', code: 'print("\0")' }, 'code'],
    [{ kind: 'python', code: ' \n' }, 'code'],
    [{ ...python, context: 'c' }, 'context'],
    [{ ...python, filePath: ' ' }, 'filePath'],
    [{ ...python, mainClass: MAIN }, 'mainClass'],
    [{ ...jar, mainClass: 'com/acme/Main' }, 'mainClass'],
    [{ ...jar, mainClass: 'Main.main()' }, 'mainClass'],
    [{ ...jar, mainClass: '' }, 'mainClass'],
    [{ kind: 'jar-class', filePath: 'app.jar' }, 'mainClass'],
    [{ kind: 'sql', code: 'SELECT 1', args: ['x'] }, 'args'],
  ])('is a field that the kind does not take so', async (body, field) => {
    const answer = await refused(body);
    expect([answer.status, answer.code, answer.fields]).toEqual([400, 'INVALID_REQUEST', [field]]);
  });

  it('is a setting of a session that is denied', async () => {
    const t = testApp({ ...standIns(), sessions: core.core.sessions });
    for (const [sparkConfig, status] of [
      [{ 'spark.plugins': 'x' }, 403],
      [{ 'spark.sql.files.maxPartitionBytes': '8gg' }, 400],
      [{ 'spark.sql.shuffle.partitions': 8 }, 201],
    ] as const) {
      const answer = await t.app.inject({
        method: 'POST',
        url: '/api/v1/sessions',
        payload: { sparkConfig },
      });
      expect(answer.statusCode).toBe(status);
    }
    expect(t.contractFaults).toEqual([]);
  });
});
