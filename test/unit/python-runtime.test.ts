import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findPython, type PythonRuntimeInput } from '../../src/drivers/python-runtime.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'libra-python-'));
  mkdirSync(join(folder, 'spark', 'jars'), { recursive: true });
  writeFileSync(join(folder, 'spark', 'jars', 'spark-core_2.13-4.0.1.jar'), '');
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Given {
  readonly settings?: Partial<PythonRuntimeInput['settings']>;
  readonly pysparkPython?: string;
  readonly sparkConf?: Readonly<Record<string, string>>;
}

/** A project without a Python of its own, whose PATH is the one given folder. */
const find = ({
  settings = {},
  pysparkPython,
  sparkConf = { 'spark.master': 'local[2]' },
}: Given) =>
  findPython({
    settings: { executable: null, packages: [], ready: 2, maxContexts: 20, ...settings },
    environment: { pysparkPython: pysparkPython ?? null, path: folder, home: null },
    projectRoot: folder,
    sparkHome: join(folder, 'spark'),
    sparkConf,
  });

/** An executable that answers the probe; what it is asked for is not there. */
const aPython = (answer: Readonly<Record<string, unknown>> | string, name = 'python3'): string => {
  const file = join(folder, name);
  const whole =
    typeof answer === 'string'
      ? answer
      : JSON.stringify({
          version: [3, 11, 7],
          executable: file,
          pyspark: '4.0.1',
          py4j: true,
          missing: {},
          pandas: true,
          pyarrow: true,
          ...answer,
        });
  writeFileSync(file, `#!/bin/sh\necho chatter\nprintf '%s\\n' '${whole}'\n`);
  chmodSync(file, 0o755);
  return file;
};

describe('which Python', () => {
  it('takes python3 of the PATH and makes it that of local workers', async () => {
    aPython({});
    const found = await find({});
    expect(found.warnings).toEqual([]);
    expect(found.runtime).toEqual({
      executable: 'python3',
      path: [],
      runnerDir: join(folder, 'python'),
      ready: 2,
      maxContexts: 20,
    });
    expect(found.sparkConf).toMatchObject({ 'spark.pyspark.python': 'python3' });
  });

  it('prefers the configured one, then PYSPARK_PYTHON, then that of the set-up', async () => {
    aPython({});
    const configured = aPython({}, 'configured');
    const named = aPython({}, 'named');
    mkdirSync(join(folder, '.spark/venv/bin'), { recursive: true });
    const own = aPython({}, '.spark/venv/bin/python');
    const both = await find({ settings: { executable: configured }, pysparkPython: named });
    expect(both.runtime?.executable).toBe(configured);
    expect((await find({ pysparkPython: named })).runtime?.executable).toBe(named);
    expect((await find({})).runtime?.executable).toBe(own);
  });

  it('leaves the workers of a cluster to the cluster, and what is configured as it is', async () => {
    aPython({});
    const cluster = { 'spark.master': 'spark://master:7077' };
    const found = await find({ sparkConf: cluster });
    expect(found.sparkConf['spark.pyspark.python']).toBe('python3');
    const own = await find({ sparkConf: { ...cluster, 'spark.pyspark.python': '/opt/py' } });
    expect(own.sparkConf['spark.pyspark.python']).toBe('/opt/py');
  });

  it('puts the PySpark of the distribution on the path', async () => {
    aPython({});
    mkdirSync(join(folder, 'spark/python/pyspark'), { recursive: true });
    mkdirSync(join(folder, 'spark/python/lib'), { recursive: true });
    writeFileSync(join(folder, 'spark/python/lib/py4j-0.10.9.9-src.zip'), '');
    expect((await find({})).runtime?.path).toEqual([
      join(folder, 'spark/python'),
      join(folder, 'spark/python/lib/py4j-0.10.9.9-src.zip'),
    ]);
  });
});

describe('a Python that does not do', () => {
  it.each([
    [{ version: [3, 8, 1] }, 'it is 3.8.1, and Spark needs 3.9 or later'],
    [{ pyspark: null }, 'it has no pyspark'],
    [{ py4j: false }, 'it has no py4j'],
    [{ pyspark: '3.5.0' }, 'its pyspark is 3.5.0, and Spark is 4.0.1'],
    ['no JSON', 'it did not answer as a Python would'],
  ])('stops the start when it was asked for: %j', async (answer, why) => {
    const executable = aPython(answer);
    const start = find({ settings: { executable } });
    await expect(start).rejects.toMatchObject({ name: 'DriverStartError' });
    await expect(start).rejects.toThrow(why);
    await expect(start).rejects.toThrow('libra.python.executable');
  });

  it('stops the start when PYSPARK_PYTHON names nothing', async () => {
    const start = find({ pysparkPython: join(folder, 'nowhere') });
    await expect(start).rejects.toThrow('there is no such executable');
    await expect(start).rejects.toThrow('PYSPARK_PYTHON');
  });

  it('only warns when nobody asked for one', async () => {
    const found = await find({});
    expect(found.runtime).toBeNull();
    expect(found.sparkConf).toEqual({ 'spark.master': 'local[2]' });
    expect(found.warnings.join()).toMatch(/no such executable.*libra\.python\.executable/);
  });

  it('names every package that is missing, and stops the start', async () => {
    aPython({ missing: { numpie: 'ModuleNotFoundError: No module named numpie' } });
    const start = find({ settings: { packages: ['numpie'] } });
    await expect(start).rejects.toThrow(/package numpie: ModuleNotFoundError.*python\.packages/);
  });

  it('says what will not work without pandas and pyarrow', async () => {
    aPython({ pandas: false, pyarrow: false });
    const found = await find({});
    expect(found.runtime).not.toBeNull();
    expect(found.warnings.join()).toMatch(/no pandas and no pyarrow.*toPandas/);
  });
});

it('understands what a real Python answers', async () => {
  const found = await findPython({
    settings: { executable: null, packages: ['json'], ready: 1, maxContexts: 1 },
    environment: {
      pysparkPython: resolve('.spark/venv/bin/python'),
      path: process.env.PATH ?? null,
      home: null,
    },
    projectRoot: resolve('.'),
    sparkHome: resolve('.spark/home'),
    sparkConf: {},
  });
  expect(found.runtime?.runnerDir).toBe(resolve('python'));
  expect(found.warnings).toEqual([]);
});
