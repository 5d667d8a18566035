import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Problem } from '../../src/domain/errors.ts';
import { person } from '../support/core-fixture.ts';
import { FilesFixture } from '../support/files-fixture.ts';

// They write to a disk that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const ann = person('ann', 'user');
const ben = person('ben', 'user');

const refusal = async (promise: Promise<unknown>): Promise<Problem> => {
  const fault = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  if (fault instanceof Problem) return fault;
  throw new Error(`no problem, but ${String(fault)}`);
};

let fixture: FilesFixture;
beforeEach(async () => {
  fixture = await FilesFixture.open();
});
afterEach(() => fixture.close());

const locate = (path: string, as = ann) => fixture.programs.locate(as, path);
const codeOf = async (path: string, as = ann) => (await refusal(locate(path, as))).code;

describe('a file of this machine', () => {
  it('is found by its path in a root, relative or absolute, with links resolved', async () => {
    const path = await fixture.write('work/jobs/etl.py');
    await symlink(path, fixture.path('work/link.py'));
    await symlink(fixture.path('work/jobs'), fixture.path('data/there'));
    const found = { location: path, local: true };
    expect(await locate('jobs/etl.py')).toEqual(found);
    expect(await locate(path)).toEqual(found);
    expect(await locate('./jobs/../jobs//etl.py')).toEqual(found);
    expect(await locate('link.py')).toEqual(found);
    expect(await locate('there/etl.py')).toEqual(found);
    expect(await locate(`file:${path}`)).toEqual(found);
    expect(await locate(`file://${path}`)).toEqual(found);
    expect(await locate(`FILE://localhost${path.replace('etl', '%65tl')}`)).toEqual(found);
  });

  it('is looked up in the roots in their order', async () => {
    const second = await fixture.write('work/etc/a.py');
    expect((await locate('etc/a.py')).location).toBe(second);
    const first = await fixture.write('data/etc/a.py');
    expect((await locate('etc/a.py')).location).toBe(first);
  });

  it('is found in a root that is a link itself', async () => {
    const path = await fixture.write('work/real/a.py');
    await symlink(fixture.path('work/real'), fixture.path('alias'));
    const other = await FilesFixture.open({ roots: [fixture.path('alias')] });
    try {
      expect(await other.programs.locate(ann, 'a.py')).toEqual({ location: path, local: true });
    } finally {
      await other.close();
    }
  });

  it('is refused outside of the roots in the same words whether it is there or not', async () => {
    await fixture.write('outside/there.py');
    await symlink(fixture.path('outside'), fixture.path('work/out'));
    await symlink(fixture.path('outside/there.py'), fixture.path('work/out.py'));
    await symlink(fixture.path('outside/gone.py'), fixture.path('work/dangling.py'));
    await symlink('../outside', fixture.path('work/relative'));
    await mkdir(fixture.path('work/deep'));
    await symlink(fixture.path('outside'), fixture.path('work/deep/out'));
    const answers = new Set<string>();
    for (const path of [
      fixture.path('outside/there.py'),
      fixture.path('outside/gone.py'),
      fixture.path('outside'),
      '../outside/there.py',
      '../outside/gone.py',
      'none/../../outside/gone.py',
      'out/there.py',
      'out/gone.py',
      'out.py',
      'dangling.py',
      'relative/there.py',
      'relative/gone.py',
      'deep/out/../outside/there.py',
      `${fixture.path('work')}/../outside/there.py`,
      `file://${fixture.path('outside/there.py')}`,
      `file:${fixture.path('work')}/../outside/there.py`,
      `file://${fixture.path('work')}/%2e%2e/outside/there.py`,
      `file://elsewhere${fixture.path('work/a.py')}`,
      `file://${fixture.path('work')}%2fa.py`,
      'file:there.py',
      'file:///',
      '/etc/passwd',
      '/etc/none-such',
      '/',
      `${fixture.path('work')}2/a.py`,
    ]) {
      const problem = await refusal(locate(path));
      expect(problem.code, path).toBe('FILE_FORBIDDEN');
      answers.add(problem.message);
    }
    expect([...answers]).toHaveLength(1);
    expect([...answers][0]).toContain(fixture.path('work'));
    expect([...answers][0]).toContain(fixture.path('data'));
  });

  it('is refused where it is the server’s own, whether it is there or not', async () => {
    await fixture.write('data/logs/job/stdout.log');
    await fixture.write('work/config/application.yml');
    await symlink(fixture.path('data/libra.db'), fixture.path('work/db.py'));
    for (const path of [
      'data/libra.db',
      'data/libra.db-wal',
      'data/libra.db-none',
      'data/server.lock',
      'data/logs/job/stdout.log',
      'data/logs/none',
      'data/results/none/manifest.json',
      'data/logs',
      'work/config/application.yml',
      'work/config/none',
      'work/db.py',
    ]) {
      expect(await codeOf(fixture.path(path)), path).toBe('FILE_FORBIDDEN');
    }
    // Relative, they may as well mean the other root, where there is nothing.
    for (const path of ['libra.db', 'libra.db-none', 'logs/job/stdout.log', 'logs/none']) {
      expect(await codeOf(path), path).toBe('FILE_NOT_USABLE');
    }
    const own = await fixture.write('data/mine/a.py');
    expect((await locate('mine/a.py')).location).toBe(own);
  });

  it('is refused where one of the roots would be left, though another holds the place', async () => {
    await mkdir(fixture.path('work/nested'));
    const nested = await FilesFixture.open({
      roots: [fixture.path('work/nested'), fixture.path('work')],
    });
    try {
      const upwards = nested.programs.locate(ann, '../none.py');
      expect((await refusal(upwards)).code).toBe('FILE_FORBIDDEN');
      const path = await fixture.write('work/there.py');
      expect((await nested.programs.locate(ann, '../there.py')).location).toBe(path);
    } finally {
      await nested.close();
    }
  });

  it('has to be a file that can be read', async () => {
    await fixture.write('work/a.py');
    const secret = await fixture.write('work/secret.py');
    await chmod(secret, 0);
    execFileSync('mkfifo', [fixture.path('work/pipe.py')]);
    await symlink('loop.py', fixture.path('work/loop.py'));
    for (const [path, why] of [
      ['none.py', 'There is no file none.py'],
      ['a.py/b.py', 'There is no file'],
      ['a.py/', 'is no file'],
      [fixture.path('work'), 'is no file'],
      ['.', 'is no file'],
      ['pipe.py', 'is no file'],
      ['loop.py', 'There is no file'],
      ['a\0.py', 'control character'],
      ['a\n.py', 'control character'],
      // Root reads everything.
      ...(process.getuid?.() === 0 ? [] : [['secret.py', 'cannot be read']]),
    ] as const) {
      const problem = await refusal(locate(path ?? ''));
      expect([problem.code, problem.message], path).toEqual([
        'FILE_NOT_USABLE',
        expect.stringContaining(why ?? ''),
      ]);
      expect(problem.errors[0]?.field).toBe('filePath');
    }
  });

  it.each(['a,b.py', '*.py', 'a#b.py', 'a%2e.py', '{a}.py', 'a?.py', '[a].py'])(
    'has no name that Spark would read as more than one file: %s',
    async (name) => {
      await fixture.write(`work/${name}`);
      expect(await codeOf(name)).toBe('FILE_NOT_USABLE');
    },
  );

  it('is what was checked, whatever becomes of the links meanwhile', async () => {
    const path = await fixture.write('work/a/job.py');
    await fixture.write('outside/job.py');
    await symlink(fixture.path('work/a'), fixture.path('work/now'));
    const { location } = await locate('now/job.py');
    await rm(fixture.path('work/now'));
    await symlink(fixture.path('outside'), fixture.path('work/now'));
    expect(location).toBe(path);
    expect(await codeOf('now/job.py')).toBe('FILE_FORBIDDEN');
  });

  it('is nowhere without roots', async () => {
    const none = await FilesFixture.open({ roots: [] });
    try {
      const problem = await refusal(none.programs.locate(ann, 'a.py'));
      expect([problem.code, problem.message]).toEqual([
        'FILE_FORBIDDEN',
        expect.stringContaining('none is configured'),
      ]);
    } finally {
      await none.close();
    }
  });
});

describe('a URI', () => {
  it('is passed on where its scheme is allowed', async () => {
    expect(await locate('s3a://bucket/jobs/etl.py')).toEqual({
      location: 's3a://bucket/jobs/etl.py',
      local: false,
    });
    expect((await locate('HDFS:/jobs/a.jar')).location).toBe('hdfs:/jobs/a.jar');
  });

  it.each(['https://host/a.jar', 'ftp://host/a.py', 'jar:file:/a.jar!/b', 'data:text/plain,x'])(
    'of another scheme is refused, and the allowed ones are named: %s',
    async (uri) => {
      const problem = await refusal(locate(uri));
      expect([problem.code, problem.message]).toEqual([
        'FILE_FORBIDDEN',
        expect.stringContaining('s3a, hdfs, local'),
      ]);
    },
  );

  it.each(['hdfs:a.jar', 's3a://b/a.jar,file:/etc/passwd', 's3a://b/a b.jar', 's3a://b/a\n.jar'])(
    'of no single file is refused: %j',
    async (uri) => expect(await codeOf(uri)).toBe('FILE_NOT_USABLE'),
  );

  it('of scheme local is a file of this machine, unless the driver runs elsewhere', async () => {
    const check = async (uri: string, deployMode: string | null) =>
      fixture.programs.check(
        {
          kind: 'python-file',
          filePath: uri,
          mainClass: null,
          sparkConfig: deployMode === null ? {} : { 'spark.submit.deployMode': deployMode },
        } as never,
        await locate(uri),
      );
    const inside = await fixture.write('work/a.py');
    await check(`local://${inside}`, null);
    await check('local:///opt/spark/a.py', 'cluster');
    for (const mode of [null, 'client']) {
      expect((await refusal(check('local:///etc/a.py', mode))).code).toBe('FILE_FORBIDDEN');
      expect((await refusal(check(`local:${inside}/../../outside.py`, mode))).code).toBe(
        'FILE_FORBIDDEN',
      );
      expect((await refusal(check('local://host/etc/a.py', mode))).code).toBe('FILE_FORBIDDEN');
    }
  });
});

describe('an uploaded file', () => {
  it('is found by its id, by its owner and by operators', async () => {
    const file = await fixture.upload(ann, 'etl.py');
    const found = { location: fixture.path(`data/files/${file.id}/etl.py`), local: true };
    expect(await locate(file.id)).toEqual(found);
    expect(await locate(file.id.toUpperCase())).toEqual(found);
    expect(await locate(file.id, person('op', 'operator'))).toEqual(found);
    expect(await locate(found.location)).toEqual(found);
    const problem = await refusal(locate(file.id, ben));
    expect([problem.code, problem.message]).toEqual([
      'FILE_NOT_USABLE',
      `There is no uploaded file ${file.id}.`,
    ]);
  });

  it('of others cannot be named by its path either', async () => {
    const file = await fixture.upload(ann, 'etl.py');
    const path = fixture.path(`data/files/${file.id}/etl.py`);
    await symlink(path, fixture.path('work/mine.py'));
    for (const name of [path, `files/${file.id}/etl.py`, 'mine.py', `file:${path}`]) {
      expect(await codeOf(name, ben), name).toBe('FILE_FORBIDDEN');
    }
  });

  it('that somebody has moved or replaced is not used', async () => {
    const file = await fixture.upload(ann, 'etl.py');
    const folder = fixture.path(`data/files/${file.id}`);
    await rename(folder, fixture.path('work/taken'));
    expect(await codeOf(file.id)).toBe('FILE_NOT_USABLE');
    await symlink(fixture.path('work/taken'), folder);
    expect(await codeOf(file.id)).toBe('FILE_NOT_USABLE');
    expect(await codeOf('0193a5c8-7c1e-7b44-9d2f-3f6d2f0c9a11')).toBe('FILE_NOT_USABLE');
  });
});

describe('settings that name files', () => {
  const resolve = (settings: Record<string, string>, as = ann) =>
    fixture.programs.resolveSettings(as, settings);

  it('are resolved entry by entry, with aliases, and others are left alone', async () => {
    const jar = await fixture.write('work/lib.jar');
    await symlink(jar, fixture.path('work/link.jar'));
    const file = await fixture.upload(ann, 'env.tar.gz');
    expect(
      await resolve({
        'spark.jars': `${fixture.path('work/link.jar')}, s3a://b/c.jar`,
        'spark.archives': `${file.id}#env`,
        'spark.files': '',
        'spark.sql.warehouse.dir': '/anywhere',
      }),
    ).toEqual({
      'spark.jars': `${jar},s3a://b/c.jar`,
      'spark.archives': `${fixture.path(`data/files/${file.id}/env.tar.gz`)}#env`,
      'spark.files': '',
      'spark.sql.warehouse.dir': '/anywhere',
    });
  });

  it.each([
    ['spark.jars', 'lib.jar', 'FILE_NOT_USABLE'],
    ['spark.files', '/etc/passwd', 'FILE_FORBIDDEN'],
    ['spark.files', 's3a://b/a,/etc/passwd', 'FILE_FORBIDDEN'],
    ['spark.files', 'file:///etc/passwd', 'FILE_FORBIDDEN'],
    ['spark.files', '/etc/passwd#a', 'FILE_FORBIDDEN'],
    ['spark.files', 'local:/etc/passwd', 'FILE_FORBIDDEN'],
    ['spark.archives', 's3a://b/a.zip#../x', 'FILE_NOT_USABLE'],
    ['spark.jars', Array(201).fill('s3a://b/c.jar').join(','), 'FILE_NOT_USABLE'],
    ['spark.submit.pyFiles', 'https://host/a.py', 'FILE_FORBIDDEN'],
    ['spark.submit.pyFiles', '0193a5c8-7c1e-7b44-9d2f-3f6d2f0c9a11', 'FILE_NOT_USABLE'],
  ])('are refused by the same rules: %s=%s', async (key, value, code) => {
    const problem = await refusal(resolve({ [key]: value }));
    expect([problem.code, problem.errors[0]?.field]).toEqual([code, `sparkConfig.${key}`]);
  });
});
