import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostEnvironment } from '../../src/config/schema.ts';
import { type JvmLaunchInput, planJvmLaunch } from '../../src/drivers/in-process/jvm-launch.ts';

const GIB = 2 ** 30;
let folder: string;
let home: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'libra-launch-'));
  home = join(folder, 'spark');
  mkdirSync(join(home, 'jars'), { recursive: true });
  for (const jar of ['z.jar', 'spark-core_2.13-4.0.1.jar', 'a.jar', 'README']) {
    writeFileSync(join(home, 'jars', jar), '');
  }
  writeFileSync(join(folder, 'shim.jar'), '');
});
afterEach(() => rmSync(folder, { recursive: true }));

const NOTHING: HostEnvironment = {
  javaHome: null,
  hadoopConfDir: null,
  yarnConfDir: null,
  sparkConfDir: null,
  javaOpts: null,
  pysparkPython: null,
  path: null,
  home: null,
  forDrivers: {},
  underNpm: false,
  supervisor: null,
  lastEnd: null,
};

interface Given {
  readonly config?: Readonly<Record<string, string>>;
  readonly environment?: Partial<HostEnvironment>;
  readonly spark?: Partial<JvmLaunchInput['spark']>;
  readonly rest?: Partial<JvmLaunchInput>;
}

const plan = ({ config = {}, environment = {}, spark = {}, rest = {} }: Given = {}) =>
  planJvmLaunch({
    spark: { home, appName: 'libra', master: 'local[2]', config, ...spark },
    environment: { ...NOTHING, ...environment },
    shimJar: join(folder, 'shim.jar'),
    log: { level: 'info', format: 'json', color: false, folder: '/config' },
    memoryBytes: 8 * GIB,
    tempDir: null,
    ...rest,
  });

const faultsOf = (given: Given): readonly string[] => {
  try {
    plan(given);
  } catch (error) {
    const { name, message } = error as Error;
    expect(name).toBe('DriverStartError');
    expect(message).toMatch(/^The driver cannot start with these settings:\n/);
    return message
      .split('\n')
      .slice(1)
      .map((line) => line.replace(/^ {2}- /, ''));
  }
  return [];
};

const defaults = (text: string): string => {
  const conf = join(folder, 'conf');
  mkdirSync(conf, { recursive: true });
  writeFileSync(join(conf, 'spark-defaults.conf'), text);
  return conf;
};

describe('settings of Spark', () => {
  it('take spark-defaults.conf first and the server’s configuration over it', () => {
    const sparkConfDir = defaults('spark.a 1\nspark.b 1\n');
    const { sparkConf, classPath } = plan({
      config: { 'spark.b': '2' },
      environment: { sparkConfDir },
    });
    expect(sparkConf).toMatchObject({
      'spark.a': '1',
      'spark.b': '2',
      'spark.master': 'local[2]',
      'spark.app.name': 'libra',
      'spark.driver.memory': '1g',
    });
    expect(classPath).toContain(sparkConfDir);
  });

  it('find spark-defaults.conf in SPARK_HOME too', () => {
    mkdirSync(join(home, 'conf'));
    writeFileSync(join(home, 'conf', 'spark-defaults.conf'), 'spark.a 1');
    expect(plan().sparkConf['spark.a']).toBe('1');
  });

  it('warn about what is read and has no effect', () => {
    const sparkConfDir = defaults('spark.master yarn\nnot.spark 1\n');
    writeFileSync(join(sparkConfDir, 'spark-env.sh'), 'export A=1');
    const { warnings } = plan({
      config: { 'spark.driver.cores': '4' },
      environment: { sparkConfDir },
    });
    expect(warnings).toEqual([
      expect.stringContaining('not.spark is not a setting of Spark'),
      expect.stringContaining('spark-defaults.conf says yarn'),
      expect.stringContaining('spark.driver.cores has no effect'),
      expect.stringContaining('spark-env.sh is not read'),
    ]);
  });
});

describe('the class path', () => {
  it('has the extra entries first, Spark’s jars in order, Hadoop’s folders last', () => {
    for (const name of ['extra', 'hadoop', 'yarn']) mkdirSync(join(folder, name));
    writeFileSync(join(folder, 'extra', 'x.jar'), '');
    const { classPath } = plan({
      config: { 'spark.driver.extraClassPath': `${folder}/extra/*:${folder}/extra` },
      environment: { hadoopConfDir: join(folder, 'hadoop'), yarnConfDir: join(folder, 'yarn') },
    });
    expect(classPath.map((entry) => entry.slice(folder.length))).toEqual([
      '/extra/x.jar',
      '/extra',
      '/shim.jar',
      '/spark/jars/a.jar',
      '/spark/jars/spark-core_2.13-4.0.1.jar',
      '/spark/jars/z.jar',
      '/hadoop',
      '/yarn',
    ]);
  });
});

describe('the options of the JVM', () => {
  it('give the heap and leave the signals to Node', () => {
    const { options } = plan({ config: { 'spark.driver.memory': '2g' } });
    expect(options.filter((option) => option.startsWith('-Xm'))).toEqual(['-Xmx2048m']);
    expect(options).toContain('-Xrs');
    expect(options).toContain('--add-opens=java.base/java.nio=ALL-UNNAMED');
    expect(options).toContain('-Dlog4j2.configurationFile=/config/log4j2-json.xml');
  });

  it('take the heap of JAVA_OPTS when nothing else says it', () => {
    const { options, sparkConf } = plan({ environment: { javaOpts: '-Xmx2g -Dx=1' } });
    expect(options).toContain('-Xmx2048m');
    expect(options).toContain('-Dx=1');
    expect(sparkConf['spark.driver.memory']).toBe('2048m');
  });

  it('come after ours, so that the operator’s win', () => {
    const { options } = plan({
      config: {
        'spark.driver.defaultJavaOptions': '-Da=default',
        'spark.driver.extraJavaOptions': '-Da=extra -Dfile.encoding=ISO-8859-1',
      },
      environment: { javaOpts: '-Da=environment' },
    });
    const position = (option: string) => options.indexOf(option);
    expect(position('-Da=default')).toBeLessThan(position('-Da=extra'));
    expect(position('-Da=extra')).toBeLessThan(position('-Da=environment'));
    expect(position('-Dfile.encoding=UTF-8')).toBeLessThan(position('-Dfile.encoding=ISO-8859-1'));
  });

  it('carry native libraries, scratch folder and log level', () => {
    const { options } = plan({
      config: { 'spark.driver.extraLibraryPath': '/native' },
      rest: {
        tempDir: '/scratch',
        log: { level: 'silent', format: 'pretty', color: true, folder: '/config' },
      },
    });
    expect(options).toContain(
      '-Djava.library.path=/native:/usr/java/packages/lib:/usr/lib64:/lib64:/lib:/usr/lib',
    );
    expect(options).toContain('-Djava.io.tmpdir=/scratch');
    expect(options).toContain('-Dlibra.log.level=off');
    expect(options).toContain('-Dlibra.log.rootLevel=off');
    expect(options).toContain('-Dlog4j2.configurationFile=/config/log4j2-pretty.xml');
  });
});

describe('what cannot be in force', () => {
  it.each<[string, Given, RegExp]>([
    ['cluster mode', { config: { 'spark.submit.deployMode': 'cluster' } }, /can only be "client"/],
    ['own classes first', { config: { 'spark.driver.userClassPathFirst': 'true' } }, /come first/],
    ['Kerberos', { config: { 'spark.kerberos.keytab': '/k' } }, /does not log in to Kerberos/],
    ['Spark Connect', { config: { 'spark.remote': 'sc://x' } }, /no client of Spark Connect/],
    ['heap in options', { config: { 'spark.driver.extraJavaOptions': '-Xmx3g' } }, /-Xmx3g belongs in spark.driver.memory/], // biome-ignore format: a table
    ['heap in defaults', { config: { 'spark.driver.defaultJavaOptions': '-XX:MaxHeapSize=3g' } }, /belongs in spark.driver.memory/], // biome-ignore format: a table
    ['two heaps', { config: { 'spark.driver.memory': '1g' }, environment: { javaOpts: '-Xmx2g' } }, /more than once \(JAVA_OPTS: -Xmx2g, spark.driver.memory: 1g\)/], // biome-ignore format: a table
    ['a bad heap', { config: { 'spark.driver.memory': 'much' } }, /much is not a size/],
    ['a heap too large', { config: { 'spark.driver.memory': '9g' } }, /more than this machine has/],
    ['a heap too small', { config: { 'spark.driver.memory': '100m' } }, /less than Spark starts/],
    ['an open quote', { environment: { javaOpts: '-Da="' } }, /JAVA_OPTS: a " is not closed/],
    ['an unknown option', { environment: { javaOpts: '-XX:+UseNoSuchGC' } }, /Unrecognized VM option 'UseNoSuchGC'/], // biome-ignore format: a table
    ['a class path option', { environment: { javaOpts: '-cp x' } }, /-cp is for the java command/],
    ['Hadoop’s folder', { environment: { hadoopConfDir: '/none' } }, /HADOOP_CONF_DIR: there is no folder \/none/], // biome-ignore format: a table
    ['a missing jar', { config: { 'spark.jars': '/none.jar' } }, /spark.jars: there is no file/],
    ['a missing class path', { config: { 'spark.driver.extraClassPath': '/none' } }, /extraClassPath: there is no \/none/], // biome-ignore format: a table
    ['an unknown master', { spark: { master: 'yarn-cluster' } }, /"yarn-cluster" is none of/],
    ['a master without cores', { spark: { master: 'local[0]' } }, /"local\[0\]" is none of/],
    ['yarn without Hadoop', { spark: { master: 'yarn' } }, /yarn needs HADOOP_CONF_DIR/],
    ['no Spark', { spark: { home: '/none' } }, /\/none holds no Spark/],
    ['no shim', { rest: { shimJar: '/none.jar' } }, /run bin\/setup/],
  ])('%s', (_, given, message) => {
    expect(faultsOf(given)).toEqual([expect.stringMatching(message)]);
  });

  it.each(['local', 'local[*]', 'local[4, 3]', 'spark://a:7077,b:7077', 'k8s://https://x'])(
    'takes the master %s',
    (master) => {
      expect(plan({ spark: { master } }).sparkConf['spark.master']).toBe(master);
    },
  );

  it('is told all at once', () => {
    const faults = faultsOf({
      config: {
        'spark.submit.deployMode': 'cluster',
        'spark.driver.memory': '64g',
        'spark.jars': '/none.jar',
        'spark.driver.extraJavaOptions': '-Xmx3g -jar x',
      },
      environment: { hadoopConfDir: '/none' },
      spark: { master: 'mesos://x' },
    });
    expect(faults).toHaveLength(7);
  });
});
