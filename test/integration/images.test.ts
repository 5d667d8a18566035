import { type ExecFileException, execFile, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { type BuiltServer, buildServerImage, buildVariant } from '../support/built-images.ts';
import type { ImageRoot } from '../support/image-walk.ts';
import { S3Server } from '../support/s3-server.ts';
import { ServerProcess } from '../support/server-process.ts';

// npm, Maven and a compiler are at work, and a Spark for each variant.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 900_000 });

const folder = mkdtempSync(join(tmpdir(), 'libra-images-'));
const isRoot = process.getuid?.() === 0;
const has = (program: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
/** Nobody's, in group 0, as OpenShift has it. */
const ANY_USER = ['setpriv', '--reuid=54321', '--regid=0', '--clear-groups', '--'];

let built: BuiltServer;
beforeAll(() => {
  built = buildServerImage(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A container of the image runs this: by its entrypoint, with its ENV. */
const run = (
  image: ImageRoot,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const child = execFile(
      join(image.root, 'opt/entrypoint.sh'),
      [...command],
      {
        cwd: join(image.root, image.workdir),
        env: {
          ...image.env,
          PASSWD_FILE: join(image.root, 'etc/passwd'),
          SPARK_LOCAL_IP: '127.0.0.1',
          ...env,
        },
        maxBuffer: 64 * 1024 * 1024,
      },
      (error: ExecFileException | null, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
      },
    );
    child.stdin?.end();
  });

/** The last line that a PySpark program prints. */
const python = async (
  image: ImageRoot,
  code: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> => {
  const file = join(image.root, 'work', 'program.py');
  writeFileSync(file, code);
  const conf = ['spark.master=local[2]', 'spark.ui.enabled=false', 'spark.driver.host=127.0.0.1'];
  const {
    code: exit,
    stdout,
    stderr,
  } = await run(image, ['spark-submit', ...conf.flatMap((each) => ['--conf', each]), file], env);
  expect(exit, stderr).toBe(0);
  return stdout.trim().split('\n').at(-1) ?? '';
};

const SESSION = `
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
`;

/** What Node.js of the image needs beside its ENV, to be a server of a test. */
const serverOf = (
  image: ImageRoot,
  env: Readonly<Record<string, string>> = {},
  before: readonly string[] = [],
): Promise<ServerProcess> =>
  ServerProcess.start({
    command: [...before, join(image.root, 'opt/entrypoint.sh'), 'libra', 'serve'],
    cwd: join(image.root, image.workdir),
    dataDir: image.root,
    env: {
      ...image.env,
      PASSWD_FILE: join(image.root, 'etc/passwd'),
      LIBRA_FILES_ALLOWED_ROOTS: join(image.root, 'work'),
      ...env,
    },
  });

describe('the image of the server, without what the package manager installs', () => {
  it('left out nothing else', () => {
    expect(built.skipped.length).toBeGreaterThan(0);
    for (const step of built.skipped)
      expect(step).toMatch(/^microdnf install -y --nodocs .*microdnf clean all$/);
  });

  it('holds what runs, and nothing that builds or was thrown away', () => {
    const { root } = built.libra;
    expect(readdirSync(join(root, 'opt/libra')).sort()).toEqual([
      'bin',
      'config',
      'dist',
      'jvm-shim',
      'node_modules',
      'package.json',
      'python',
    ]);
    const packages = readdirSync(join(root, 'opt/libra/node_modules'));
    expect(packages).toContain('fastify');
    expect(packages).not.toContain('typescript');
    expect(packages).not.toContain('vitest');
    expect(
      readdirSync(join(root, 'opt/spark/bin')).filter((name) => name.endsWith('.cmd')),
    ).toEqual([]);
  });

  it('gives every user of group 0 what its owner may', () => {
    const { root } = built.libra;
    for (const path of [
      'var/lib/libra',
      'work',
      'home/spark',
      'opt/spark/conf',
      'opt/spark/work',
      'etc/passwd',
    ]) {
      const { gid, mode } = lstatSync(join(root, path));
      if (isRoot) expect(gid, path).toBe(0);
      expect((mode >> 3) & 7, path).toBe((mode >> 6) & 7);
    }
    expect(readFileSync(join(root, 'etc/passwd'), 'utf8')).toContain('spark:x:185:0:');
  });

  it('answers as the user whom the platform picks', async () => {
    const anybody = isRoot && built.python.open && has('setpriv');
    const server = await serverOf(
      built.libra,
      { LIBRA_DATA_DIR: built.libra.env.LIBRA_DATA_DIR ?? '' },
      anybody ? ANY_USER : [],
    );
    try {
      const api = new ApiClient(server.url);
      expect((await api.sql('SELECT sum(id) AS s FROM range(10)')).body).toMatchObject({
        state: 'SUCCESS',
        result: expect.stringContaining('[45]'),
      });
      const code = `
import os, sys
from pyspark.sql import functions as F
minor = F.udf(lambda _: "%d.%d" % sys.version_info[:2])
print(os.getuid(), [row.m for row in spark.range(1).select(minor("id").alias("m")).collect()])`;
      const { body } = await api.statement({ kind: 'python', code });
      expect(body.error).toBeNull();
      expect(body.result).toBe(
        `${anybody ? 54321 : process.getuid?.()} ['${built.python.minor}']\n`,
      );
      // What is of a driver of its own, and of spark-submit.
      const submitted = await api.statement({
        kind: 'python',
        code: 'print(spark.range(3).count())',
        sparkConfig: { 'spark.executor.cores': '1' },
      });
      expect(submitted.body).toMatchObject({ executor: 'spark-submit' });
      if (!anybody) expect(submitted.body.result).toBe('3\n');
    } finally {
      expect(await server.stop()).toMatchObject({ code: 0 });
    }
    if (anybody) {
      const passwd = readFileSync(join(built.libra.root, 'etc/passwd'), 'utf8');
      expect(passwd).toMatch(/^container:x:54321:0:container:.*:\/sbin\/nologin$/m);
    }
  });

  it('is not changed for those who run something else in it', async () => {
    const version = JSON.parse(readFileSync('package.json', 'utf8')).version;
    expect((await run(built.libra, ['libra', 'version'])).stdout.trim()).toBe(version);
    expect(await run(built.libra, [])).toMatchObject({ code: 2 });
  });
});

// moto is one of bin/lib/tool-requirements.txt.
describe.skipIf(!has('moto_server')).each([
  {
    variant: 's3',
    env: (url: string) => ({
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: 'an-id',
      AWS_SECRET_ACCESS_KEY: 'a-key',
      AWS_REGION: 'eu-central-1',
      S3_BUCKET: 'lake',
    }),
  },
  {
    variant: 'minio',
    env: (url: string) => ({
      MINIO_ENDPOINT: url,
      MINIO_ACCESS_KEY: 'an-id',
      MINIO_SECRET_KEY: 'a-key',
      MINIO_BUCKET: 'lake',
    }),
  },
])('the image of Spark with $variant', ({ variant, env }) => {
  let image: ImageRoot;
  let storage: S3Server;
  /** A name for the server: the client finds it only with the bucket in the path. */
  const byName = (which: string): Readonly<Record<string, string>> => {
    if (which !== 'minio') return {};
    const hosts = join(folder, 'hosts');
    writeFileSync(hosts, `127.0.0.1 minio.test localhost ${hostname()}\n`);
    return {
      MINIO_ENDPOINT: storage.url.replace('127.0.0.1', 'minio.test'),
      JDK_JAVA_OPTIONS: `-Djdk.net.hosts.file=${hosts}`,
    };
  };
  let given: Readonly<Record<string, string>>;
  beforeAll(async () => {
    image = buildVariant(variant, folder, built.libra);
    storage = await S3Server.start('lake');
    given = env(storage.url);
  });
  afterAll(async () => {
    await storage?.stop();
    if (image !== undefined) rmSync(image.root, { recursive: true, force: true });
  });

  it('has the connector of its Hadoop, and no jar twice', () => {
    const jars = readdirSync(join(image.root, 'opt/spark/jars'));
    const hadoop = jars.map((jar) => /^hadoop-client-api-(.*)\.jar$/.exec(jar)?.[1]).find(Boolean);
    expect(jars).toContain(`hadoop-aws-${hadoop}.jar`);
    expect(jars.filter((jar) => /^bundle-2\..*\.jar$/.test(jar))).toHaveLength(1);
    const spark = new Set(readdirSync(join(built.spark.root, 'opt/spark/jars')));
    const nameOf = (jar: string): string => jar.replace(/-\d[\w.+-]*\.jar$/, '');
    const brought = jars.filter((jar) => !spark.has(jar)).map(nameOf);
    expect(brought.sort()).toEqual(['bundle', 'hadoop-aws', 'wildfly-openssl']);
    expect([...spark].map(nameOf).filter((name) => brought.includes(name))).toEqual([]);
  });

  it('reads and writes by S3AFileSystem', async () => {
    const program = `${SESSION}
spark.range(0, 1000, 1, 4).write.mode("overwrite").parquet("s3a://lake/numbers")
path = spark._jvm.org.apache.hadoop.fs.Path("s3a://lake/numbers")
fs = path.getFileSystem(spark._jsc.hadoopConfiguration())
print(spark.read.parquet("s3a://lake/numbers").count(), fs.getClass().getName(), fs.exists(path))`;
    expect(await python(image, program, { ...given, ...byName(variant) })).toBe(
      '1000 org.apache.hadoop.fs.s3a.S3AFileSystem True',
    );
    expect(storage.requests).toMatch(/"PUT \/lake\/numbers\/_SUCCESS HTTP/);
    expect(readFileSync(join(image.root, 'opt/spark/conf/spark-defaults.conf'), 'utf8')).toContain(
      'spark.eventLog.dir s3a://lake/spark-events',
    );
  });

  it('is what a server can stand on, drivers of their own included', async () => {
    const server = await serverOf(image, { ...given, LIBRA_DATA_DIR: join(image.root, 'data') });
    try {
      const api = new ApiClient(server.url);
      const made = await api.sql(
        'CREATE OR REPLACE TEMP VIEW n AS SELECT * FROM parquet.`s3a://lake/numbers`',
      );
      expect(made.body.error).toBeNull();
      expect((await api.sql('SELECT count(*) AS n FROM n')).body.result).toContain('[1000]');
      await api.call('POST', '/api/v1/sessions', { sessionId: 'own', mode: 'ISOLATED' });
      const own = await api.statement(
        { kind: 'sql', code: 'SELECT max(id) AS m FROM parquet.`s3a://lake/numbers`' },
        'own',
      );
      expect(own.body.error).toBeNull();
      expect(own.body.result).toContain('[999]');
    } finally {
      await server.stop();
    }
  });
});

describe('the image of Spark with gcs', () => {
  it('has the connector, finds the key that was mounted, and has gcloud where it is asked for', async () => {
    const image = buildVariant('gcs', folder, built.spark);
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const key = {
      type: 'service_account',
      project_id: 'a-project',
      private_key_id: '1',
      private_key: privateKey,
      client_email: 'libra@a-project.example',
      client_id: '1',
      token_uri: 'http://127.0.0.1:9/token',
    };
    const file = join(image.root, 'opt/spark/conf/gcs-json-key/key.json');
    writeFileSync(file, JSON.stringify(key));
    const program = `${SESSION}
import os
jvm = spark._jvm
conf = spark._jsc.hadoopConfiguration()
conf.set("fs.gs.lazy.init.enable", "true")
fs = jvm.org.apache.hadoop.fs.Path("gs://lake/x").getFileSystem(conf)
jvm.java.lang.Class.forName("com.google.cloud.hadoop.fs.gcs.GoogleHadoopFS")
print(fs.getClass().getName(), fs.getScheme(), conf.get("fs.gs.project.id"), os.environ["GOOGLE_APPLICATION_CREDENTIALS"])`;
    const said = await python(image, program, { GCS_BUCKET: 'lake', GCS_PROJECT_ID: 'a-project' });
    expect(said).toBe(`com.google.cloud.hadoop.fs.gcs.GoogleHadoopFileSystem gs a-project ${file}`);
    expect(readFileSync(join(image.root, 'opt/spark/conf/spark-defaults.conf'), 'utf8')).toContain(
      'spark.history.fs.logDirectory gs://lake/spark-events',
    );
    expect(readdirSync(join(image.root, 'opt/google-cloud-sdk/bin'))).toEqual([]);
    rmSync(image.root, { recursive: true, force: true });
  });
});
