import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JvmLaunchInput } from '../../src/drivers/in-process/jvm-launch.ts';
import { makeJar, type Sources, writeMavenRepository } from '../support/java-jars.ts';
import {
  CLOSED,
  drive,
  launchInput,
  type Report,
  type Settings,
} from '../support/launched-driver.ts';
import { sparkHome } from '../support/spark-home.ts';

const folder = mkdtempSync(join(tmpdir(), 'libra-launch-'));
const at = (...parts: readonly string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));

const input = (config: Settings, rest: Partial<JvmLaunchInput> = {}): JvmLaunchInput =>
  launchInput(at('tmp'), config, rest);

const says = (type: string, answer: string): Sources => ({
  [type]: `public static String say() { return "${answer}"; }`,
});

const PROBE: Sources = {
  'probe.Probe': `
    public static String hadoop(String key) {
      return new org.apache.hadoop.conf.Configuration().get(key);
    }
    public static String environment(String name) { return System.getenv(name); }
    public static String sparkFile(String name) throws java.io.IOException {
      String path = org.apache.spark.SparkFiles.get(name);
      return java.nio.file.Files.readString(java.nio.file.Path.of(path)).trim();
    }`,
};

const call = (type: string, method: string, ...args: readonly string[]): string =>
  `SELECT reflect(${[type, method, ...args].map((each) => `'${each}'`).join(', ')})`;
const property = (name: string): string => call('java.lang.System', 'getProperty', name);
const say = (type: string): string => call(type, 'say');

const IN_TASKS = "SELECT max(a) FROM (SELECT reflect('local.Local', 'say') AS a FROM range(4))";
const STATEMENTS: readonly string[] = [
  ...['probe.default', 'probe.both', 'probe.environment', 'user.language'].map(property),
  ...['java.library.path', 'java.io.tmpdir', 'file.encoding'].map(property),
  ...['local.Local', 'both.Both', 'remote.Remote', 'greet.Greet', 'base.Base'].map(say),
  call('probe.Probe', 'hadoop', 'probe.key'),
  call('probe.Probe', 'environment', 'SPARK_LOCAL_IP'),
  call('probe.Probe', 'sparkFile', 'data.txt'),
  IN_TASKS,
  'SELECT current_timezone()',
  'SET spark.sql.shuffle.partitions',
  'SET spark.app.name',
  'SET mapred.reduce.tasks = 5',
];

describe('a driver of one process', () => {
  const remote = createServer((request, response) => {
    response.end(request.url === '/remote.jar' ? readFileSync(at('remote.jar')) : '');
  });
  afterAll(() => {
    remote.close();
  });

  let report: Report;
  let stderr: string;

  beforeAll(async () => {
    for (const name of ['tmp', 'hadoop', 'conf', 'extra', 'ivy']) mkdirSync(at(name));
    remote.listen(0, '127.0.0.1');
    await once(remote, 'listening');
    const { port } = remote.address() as AddressInfo;

    makeJar(at('probe.jar'), PROBE, sparkHome());
    makeJar(at('local one.jar'), { ...says('local.Local', 'jar'), ...says('both.Both', 'jar') });
    makeJar(at('extra', 'extra.jar'), says('both.Both', 'class path'));
    makeJar(at('remote.jar'), says('remote.Remote', 'fetched'));
    writeMavenRepository(at('repository'), [
      { name: 'base', sources: says('base.Base', 'base'), needs: null },
      { name: 'greet', sources: says('greet.Greet', 'package'), needs: 'base' },
    ]);
    // Without the network: what the one repository of the test does not hold is nowhere.
    writeFileSync(
      at('ivysettings.xml'),
      `<ivysettings><settings defaultResolver="nothing"/>
       <resolvers><filesystem name="nothing"><artifact pattern="${at('none')}/[artifact].[ext]"/>
       </filesystem></resolvers></ivysettings>`,
    );
    writeFileSync(at('data.txt'), 'distributed\n');
    writeFileSync(
      at('hadoop', 'core-site.xml'),
      '<configuration><property><name>probe.key</name><value>hadoop</value></property></configuration>',
    );
    writeFileSync(
      at('conf', 'spark-defaults.conf'),
      'spark.sql.session.timeZone  Asia/Tokyo\nspark.sql.shuffle.partitions = 7\nspark.app.name=no\n',
    );

    ({ report, stderr } = await drive({
      input: input(
        {
          'spark.driver.memory': '700m',
          'spark.sql.shuffle.partitions': '5',
          'spark.driver.defaultJavaOptions': '-Dprobe.default=1 -Dprobe.both=default',
          'spark.driver.extraJavaOptions': '-Dprobe.both="from extra"',
          'spark.driver.extraClassPath': at('extra', '*'),
          'spark.driver.extraLibraryPath': '/opt/native',
          'spark.jars': [
            at('probe.jar'),
            `file://${at('local%20one.jar')}`,
            `http://127.0.0.1:${port}/remote.jar`,
          ].join(','),
          'spark.files': at('data.txt'),
          'spark.jars.packages': 'org.example:greet:1.0',
          'spark.jars.repositories': `file:${at('repository')}`,
          'spark.jars.ivySettings': at('ivysettings.xml'),
          'spark.jars.ivy': at('ivy'),
        },
        {
          environment: {
            ...input({}).environment,
            sparkConfDir: at('conf'),
            hadoopConfDir: at('hadoop'),
            javaOpts: '-Dprobe.environment=1 -Duser.language=de',
          },
        },
      ),
      environment: { SPARK_LOCAL_IP: '127.0.0.1' },
      sqlPolicy: { ...CLOSED, allowReflection: true },
      failingSettings: [{ 'spark.jars.packages': 'org.example:greet:9.9' }],
      statements: STATEMENTS,
    }));
  });

  const answer = (statement: string): string => {
    const raw = report.answers[STATEMENTS.indexOf(statement)] ?? '';
    const cells = /^\[(.*)\]$/s.exec(raw);
    return cells?.[1] ?? raw;
  };

  it('starts, after a start that had to fail', () => {
    expect(report.failures).toEqual([
      expect.stringMatching(/spark\.jars\.packages: org\.example:greet:9\.9: .*not found/),
    ]);
    expect(report.warnings).toEqual([]);
  });

  it('has the heap of spark.driver.memory', () => {
    expect(report.heapMaxBytes).toBeLessThanOrEqual(700 * 2 ** 20);
    expect(report.heapMaxBytes).toBeGreaterThan(650 * 2 ** 20);
  });

  it('has the Java options of Spark and of JAVA_OPTS', () => {
    expect(answer(property('probe.default'))).toBe('1');
    expect(answer(property('probe.both'))).toBe('from extra');
    expect(answer(property('probe.environment'))).toBe('1');
    expect(answer(property('user.language'))).toBe('de');
    expect(answer(property('java.library.path'))).toMatch(/^\/opt\/native:/);
    expect(answer(property('java.io.tmpdir'))).toBe(at('tmp'));
    expect(answer(property('file.encoding'))).toBe('UTF-8');
  });

  it('finds classes of local, fetched and resolved jars, the class path before them', () => {
    expect(answer(say('local.Local'))).toBe('jar');
    expect(answer(say('remote.Remote'))).toBe('fetched');
    expect(answer(say('greet.Greet'))).toBe('package');
    expect(answer(say('base.Base'))).toBe('base');
    expect(answer(say('both.Both'))).toBe('class path');
    expect(answer(IN_TASKS)).toBe('jar');
  });

  it('reads Hadoop’s folder, spark-defaults.conf below the own settings, files and environment', () => {
    expect(answer(call('probe.Probe', 'hadoop', 'probe.key'))).toBe('hadoop');
    expect(answer('SELECT current_timezone()')).toBe('Asia/Tokyo');
    expect(answer('SET spark.sql.shuffle.partitions')).toBe('spark.sql.shuffle.partitions,5');
    expect(answer('SET spark.app.name')).toBe('spark.app.name,libra-launch-test');
    expect(answer(call('probe.Probe', 'sparkFile', 'data.txt'))).toBe('distributed');
    expect(answer(call('probe.Probe', 'environment', 'SPARK_LOCAL_IP'))).toBe('127.0.0.1');
  });

  it('logs JSON lines in the shape of the server, nothing below a warning from Spark', () => {
    const lines = stderr.split('\n').filter((line) => line.startsWith('{'));
    const logged = lines.map((line) => JSON.parse(line) as Record<string, string>);
    expect(logged.length).toBeGreaterThan(0);
    for (const line of logged) {
      expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(['info', 'warn', 'error']).toContain(line.level);
      expect(typeof line.msg).toBe('string');
      if (line.level === 'info') expect(line.logger).toMatch(/^com\.whereq\.libra/);
    }
    const ofJob = logged.find((line) => line.msg?.includes('mapred.reduce.tasks is deprecated'));
    expect(ofJob).toMatchObject({ level: 'warn', sessionId: 'default' });
    expect(ofJob?.jobId).toMatch(/^job-\d+$/);
  });
});

it('stops before the JVM when settings cannot be in force, and names all of them', async () => {
  const { report } = await drive({
    input: input({ 'spark.submit.deployMode': 'cluster', 'spark.jars': at('none.jar') }),
    statements: [],
  });
  expect(report.failures).toEqual([
    expect.stringMatching(/^DriverStartError: The driver cannot start with these settings:\n/),
  ]);
  expect(report.failures[0]).toContain('spark.submit.deployMode');
  expect(report.failures[0]).toContain('none.jar');
});
