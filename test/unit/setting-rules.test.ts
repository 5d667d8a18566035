import { describe, expect, it } from 'vitest';
import { Problem } from '../../src/domain/errors.ts';
import { checkDeployMode, checkSettings } from '../../src/domain/setting-rules.ts';
import { DENIED_SETTINGS } from '../../src/domain/spark-settings.ts';

const said = (check: () => void): Problem | null => {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
};
const against = (settings: Record<string, string>, denied: readonly string[] = DENIED_SETTINGS) =>
  said(() => checkSettings(settings, denied));

describe('settings', () => {
  it('of every day are fine', () => {
    expect(
      against({
        'spark.driver.memory': '2g',
        'spark.executor.memory': '1536MB',
        'spark.executor.memoryOverhead': '512',
        'spark.executor.cores': '4',
        'spark.cores.max': '8',
        'spark.executor.instances': '0',
        'spark.dynamicAllocation.enabled': 'true',
        'spark.dynamicAllocation.minExecutors': '0',
        'spark.sql.shuffle.partitions': '8',
        'spark.sql.autoBroadcastJoinThreshold': '-1',
        'spark.sql.adaptive.advisoryPartitionSizeInBytes': '64MB',
        'spark.driver.maxResultSize': '0',
        'spark.jars.packages': 'org.apache.iceberg:iceberg-spark-runtime-4.0_2.13:1.10.0',
        'spark.hadoop.fs.s3a.access.key': 'AKIA=',
        'spark.hadoop.fs.s3a.endpoint': 'http://minio:9000',
        'spark.executorEnv.TZ': 'UTC',
        'spark.executor.extraJavaOptions': '-XX:+UseZGC -Dfile.encoding=UTF-8',
        'spark.sql.catalog.lake': 'org.apache.iceberg.spark.SparkCatalog',
        'spark.submit.deployMode': 'client',
        'spark.eventLog.enabled': 'false',
        'spark.my.own.thing': 'Ünïcode — fine',
      }),
    ).toBeNull();
  });

  it.each([
    'memory',
    'SPARK.driver.memory',
    'hive.exec.x',
    'spark.',
    'spark',
    'spark.a b',
    'spark.a=b',
    'spark.a\nb',
    'spark.a\0',
    `spark.${'x'.repeat(260)}`,
  ])('need a key of Spark: %j', (key) => {
    const problem = against({ [key]: '1' });
    expect([problem?.code, problem?.errors[0]?.field]).toEqual([
      'INVALID_REQUEST',
      `sparkConfig.${key}`,
    ]);
    expect(problem?.message).not.toMatch(/[\n\0]/);
  });

  it.each([
    ['spark.app.x', 'a\nspark.driver.extraJavaOptions=-agentpath:/x'],
    ['spark.app.x', 'a\rb'],
    ['spark.app.x', 'a\0'],
    ['spark.app.x', 'a\u007f'],
    ['spark.app.x', 'é'.repeat(16_385)],
    ['spark.driver.memory', '8gg'],
    ['spark.driver.memory', '1gb'],
    ['spark.driver.memory', '0g'],
    ['spark.driver.memory', '1024'],
    ['spark.driver.memory', ''],
    ['spark.executor.memory', '8gg'],
    ['spark.executor.memory', '1.5g'],
    ['spark.executor.memory', 'lots'],
    ['spark.executor.memoryOverhead', '1 g'],
    ['spark.executor.pyspark.memory', '8gg'],
    ['spark.driver.memoryOverhead', '10%'],
    ['spark.driver.maxResultSize', '1gig'],
    ['spark.memory.offHeap.size', '8gg'],
    ['spark.sql.files.maxPartitionBytes', '8gg'],
    ['spark.executor.cores', '0'],
    ['spark.executor.cores', '1.5'],
    ['spark.driver.cores', 'two'],
    ['spark.cores.max', '-1'],
    ['spark.executor.instances', '99999999999'],
    ['spark.task.cpus', ' '],
    ['spark.submit.deployMode', 'Cluster'],
    ['spark.submit.deployMode', 'remote'],
  ])('with a bad value are refused by their key: %s=%j', (key, value) => {
    const problem = against({ [key]: value, 'spark.sql.ansi.enabled': 'true' });
    expect([problem?.code, problem?.errors.map(({ field }) => field)]).toEqual([
      'INVALID_REQUEST',
      [`sparkConfig.${key}`],
    ]);
    expect(problem?.message).toContain(key);
    // It may be a secret.
    if (value.length > 2) expect(JSON.stringify(problem)).not.toContain(JSON.stringify(value));
  });

  it.each([
    'spark.driver.extraJavaOptions',
    'SPARK.DRIVER.EXTRAJAVAOPTIONS'.replace('SPARK', 'spark'),
    'spark.driver.extraClassPath',
    'spark.plugins',
    'spark.plugins.defaultList',
    'spark.extraListeners',
    'spark.sql.extensions',
    'spark.pyspark.driver.python',
    'spark.sql.execution.pyspark.python',
    'spark.python.daemon.module',
    'spark.hadoop.net.topology.script.file.name',
    'spark.hadoop.hadoop.security.credential.provider.path',
    'spark.driver.resource.gpu.discoveryScript',
    'spark.jars.ivySettings',
    'spark.yarn.dist.files',
    'spark.sql.hive.metastore.jars.path',
    'spark.authenticate.secret',
    'spark.redaction.regex',
    'spark.sql.redaction.string.regex',
    'spark.libra.job',
  ])('that reach the host of the server are denied: %s', (key) => {
    const problem = against({ [key]: 'x', 'spark.executor.cores': '2' });
    expect([problem?.code, problem?.errors]).toEqual([
      'SETTING_DENIED',
      [{ field: `sparkConfig.${key}`, message: expect.stringContaining('denied') }],
    ]);
    expect(problem?.message).toContain(key);
  });

  it('are denied by their whole key, or by how it begins', () => {
    const denied = ['spark.a', 'spark.b.', 'spark.c*'];
    const codeOf = (key: string) => against({ [key]: '1' }, denied)?.code ?? null;
    expect(['spark.a', 'spark.b.x', 'spark.c', 'spark.cd', 'spark.c.d'].map(codeOf)).toEqual(
      Array(5).fill('SETTING_DENIED'),
    );
    expect(['spark.ab', 'spark.a.b', 'spark.b', 'spark.bc', 'spark.d'].map(codeOf)).toEqual(
      Array(5).fill(null),
    );
    expect(against({ 'spark.a': '1' }, [])).toBeNull();
  });

  it('are two hundred at most', () => {
    const settings = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, place) => [`spark.my.k${place}`, '1']));
    expect(against(settings(200))).toBeNull();
    expect(against(settings(201))?.errors[0]?.field).toBe('sparkConfig');
  });

  it('do not stumble over the names of every object', () => {
    expect(against({ 'spark.constructor': '1', 'spark.toString': '1' })).toBeNull();
  });
});

describe('cluster mode', () => {
  const cluster = { 'spark.submit.deployMode': 'cluster' };
  const check = (
    kind: Parameters<typeof checkDeployMode>[0],
    settings: Record<string, string>,
    master: string,
  ) => said(() => checkDeployMode(kind, settings, master))?.code ?? null;

  it('is not for Python on a standalone master, whoever names it', () => {
    expect(check('python-file', cluster, 'spark://master:7077')).toBe('INVALID_REQUEST');
    expect(check('python', { ...cluster, 'spark.master': 'spark://m:7077' }, 'local[*]')).toBe(
      'INVALID_REQUEST',
    );
    expect(check('jar', cluster, 'spark://master:7077')).toBeNull();
    expect(check('python-file', cluster, 'yarn')).toBeNull();
    expect(check('python-file', { ...cluster, 'spark.master': 'yarn' }, 'spark://m')).toBeNull();
    expect(
      check('python-file', { 'spark.submit.deployMode': 'client' }, 'spark://master:7077'),
    ).toBeNull();
  });
});
