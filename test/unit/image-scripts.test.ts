import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const PASSWORD = 'not-in-any-log';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'libra-scripts-'));
  mkdirSync(join(folder, 'bin'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (...parts: readonly string[]): string => join(folder, ...parts);

const program = (name: string, body: string): void => {
  writeFileSync(at('bin', name), `#!/usr/bin/env bash\n${body}\n`);
  chmodSync(at('bin', name), 0o755);
};

interface End {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const run = (
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<End> =>
  new Promise((done) => {
    execFile(
      join(ROOT, script),
      [...args],
      {
        cwd: folder,
        env: {
          PATH: [at('bin'), process.env.PATH].join(delimiter),
          HOME: folder,
          SECRETS_DIR: at('secrets'),
          TMPDIR: folder,
          ...env,
        },
      },
      (error, stdout, stderr) =>
        done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

describe('docker/scripts/python.sh', () => {
  const source = (): { PYTHON_SOURCE_URL: string; PYTHON_SHA256: string } => {
    mkdirSync(at('3.14.0', 'Python-3.14.0'), { recursive: true });
    const configure = `#!/bin/sh
echo "$@" > "${folder}/configured"
printf 'all:\\ninstall:\\n\\tmkdir -p ${folder}/usr/bin ${folder}/usr/lib/python3.14/test\\n\\tln -s ${realpathSync('.spark/venv/bin/python')} ${folder}/usr/bin/python3.14\\n' > Makefile
`;
    writeFileSync(at('3.14.0/Python-3.14.0/configure'), configure, { mode: 0o755 });
    return { PYTHON_SOURCE_URL: `file://${folder}`, PYTHON_SHA256: '' };
  };
  const pack = async (): Promise<string> => {
    const archive = at('3.14.0/Python-3.14.0.tar.xz');
    await new Promise((done) =>
      execFile('tar', ['-cJf', archive, '-C', at('3.14.0'), 'Python-3.14.0'], done),
    );
    return createHash('sha256').update(readFileSync(archive)).digest('hex');
  };

  it('builds what it has checked, and leaves nothing of the build', async () => {
    const env = source();
    const sha256 = await pack();
    const end = await run('docker/scripts/python.sh', ['3.14.0', at('usr')], {
      ...env,
      PYTHON_SHA256: sha256,
    });
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(at('configured'), 'utf8')).toBe(
      `--prefix=${at('usr')} --with-ensurepip=upgrade --enable-optimizations\n`,
    );
    expect(readlinkSync(at('usr/bin/python3'))).toBe('python3.14');
    expect(existsSync(at('usr/lib/python3.14/test'))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.startsWith('tmp.'))).toEqual([]);
  });

  it('builds nothing that it was not told of', async () => {
    const env = source();
    await pack();
    const end = await run('docker/scripts/python.sh', ['3.14.0', at('usr')], {
      ...env,
      PYTHON_SHA256: 'a'.repeat(64),
    });
    expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining('PYTHON_SHA256') });
    expect(existsSync(at('configured'))).toBe(false);
  });

  it('says that it cannot check, and shows why a build fails', async () => {
    const env = source();
    writeFileSync(at('3.14.0/Python-3.14.0/configure'), '#!/bin/sh\necho no compiler; exit 3\n');
    await pack();
    const end = await run('docker/scripts/python.sh', ['3.14.0', at('usr')], env);
    expect(end.code).toBe(1);
    expect(end.stderr).toContain('the checksum is not checked');
    expect(end.stderr).toContain('no compiler');
  });
});

describe('the login at an artifact store', () => {
  const secrets = (): void => {
    mkdirSync(at('secrets'));
    writeFileSync(at('secrets/https_username'), 'ana');
    writeFileSync(at('secrets/https_password'), PASSWORD);
  };

  it('goes to curl by a file for that host alone, which is gone afterwards', async () => {
    secrets();
    program(
      'curl',
      `printf '%s\\n' "$*" >> ${folder}/calls
       while [ $# -gt 0 ]; do case $1 in --netrc-file) cat "$2" > ${folder}/netrc; stat -c %a "$2" >> ${folder}/netrc ;; esac; shift; done
       exit 22`,
    );
    const end = await run('docker/scripts/gcloud.sh', ['true', '545.0.0', at('sdk')], {
      GCLOUD_URL: 'https://store.example:8443/google/',
    });
    expect(end.code).toBe(22);
    expect(readFileSync(at('netrc'), 'utf8')).toBe(
      `machine store.example login ana password ${PASSWORD}\n600\n`,
    );
    const calls = readFileSync(at('calls'), 'utf8');
    expect(calls).toContain('https://store.example:8443/google/google-cloud-cli-545.0.0-linux-');
    expect(calls).not.toContain(PASSWORD);
    expect(readdirSync(folder).filter((name) => name.startsWith('tmp.'))).toEqual([]);
  });

  it.each([
    ['docker/scripts/python.sh', ['3.14.0', '/nowhere'], 'PYTHON_SOURCE_URL'],
    ['docker/scripts/gcloud.sh', ['true', '1.0.0', 'sdk'], 'GCLOUD_URL'],
    ['docker/scripts/spark.sh', ['4.0.1', 'python3', '/nowhere'], 'PIP_INDEX_URL'],
    ['docker/scripts/shim.sh', ['4.0.1', '/nowhere'], 'MAVEN_MIRROR_URL'],
    ['docker/scripts/server.sh', ['/tmp', '/nowhere'], 'NPM_REGISTRY_URL'],
  ])('is not sent in the clear: %s', async (script, args, variable) => {
    const end = await run(script, args, {
      [variable]: 'http://store.example/',
      HTTPS_USERNAME: 'ana',
      HTTPS_PASSWORD: PASSWORD,
    });
    expect(end.code).toBe(1);
    expect(end.stderr).toMatch(
      /A password is not sent to http:\/\/store\.example\/: it is not https/,
    );
    expect(end.stderr).not.toContain(PASSWORD);
  });

  it('goes to Maven by its environment, and to npm by a file', async () => {
    secrets();
    program(
      'mvn',
      `printf '%s\\n' "$*" > ${folder}/calls; env > ${folder}/environment
       while [ $# -gt 0 ]; do case $1 in --settings) cat "$2" > ${folder}/settings ;; esac; shift; done`,
    );
    const maven = await run('docker/scripts/shim.sh', ['4.0.1', 'jvm-shim'], {
      MAVEN_MIRROR_URL: 'https://store.example/maven',
    });
    expect(maven).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(at('calls'), 'utf8')).toMatch(
      /--file jvm-shim\/pom\.xml package -DskipTests -Dspark\.version=4\.0\.1\n$/,
    );
    expect(readFileSync(at('settings'), 'utf8')).toContain('${env.STORE_PASSWORD}');
    expect(readFileSync(at('settings'), 'utf8')).not.toContain(PASSWORD);
    expect(readFileSync(at('environment'), 'utf8')).toContain(`STORE_PASSWORD=${PASSWORD}`);

    mkdirSync(at('node/bin'), { recursive: true });
    writeFileSync(
      at('node/bin/node'),
      `#!/bin/sh\necho "$@" > ${folder}/calls; cat "$NPM_CONFIG_USERCONFIG" > ${folder}/npmrc; exit 9\n`,
      { mode: 0o755 },
    );
    const npm = await run('docker/scripts/server.sh', [folder, at('node')], {
      NPM_REGISTRY_URL: 'https://store.example/npm/',
    });
    expect(npm.code).toBe(9);
    const login = Buffer.from(`ana:${PASSWORD}`).toString('base64');
    expect(readFileSync(at('npmrc'), 'utf8')).toBe(
      `nodedir=${at('node')}\nregistry=https://store.example/npm/\n//store.example/npm/:_auth=${login}\n`,
    );
    expect(readFileSync(at('calls'), 'utf8')).not.toContain(login);
  });

  it('is understood by pip', async () => {
    const asked: IncomingMessage['headers'][] = [];
    const store = createServer((request, response) => {
      asked.push(request.headers);
      response.writeHead(404).end();
    });
    store.listen(0, '127.0.0.1');
    await once(store, 'listening');
    const { port } = store.address() as AddressInfo;
    // What the script makes for https, over a connection that needs no certificate.
    writeFileSync(at('netrc'), `machine 127.0.0.1 login ana password ${PASSWORD}\n`, {
      mode: 0o600,
    });
    await new Promise((done) =>
      execFile(
        resolve('.spark/venv/bin/python'),
        ['-m', 'pip', 'download', '--no-deps', '--retries', '0', 'pyspark==4.0.1'],
        {
          cwd: folder,
          env: {
            PATH: process.env.PATH,
            NETRC: at('netrc'),
            PIP_INDEX_URL: `http://127.0.0.1:${port}/simple`,
            PIP_TRUSTED_HOST: '127.0.0.1',
            PIP_CONFIG_FILE: '/dev/null',
          },
        },
        done,
      ),
    );
    store.close();
    const login = `Basic ${Buffer.from(`ana:${PASSWORD}`).toString('base64')}`;
    expect(asked.map(({ authorization }) => authorization)).toContain(login);
  });
});

describe('docker/scripts/connectors.sh', () => {
  it.each([
    [[], 'holds no Spark with a Hadoop of its own'],
    [
      ['hadoop-client-api-3.3.4.jar'],
      'Hadoop is 3.3.4; the connectors of docker/connectors/pom.xml are made for 3.4',
    ],
  ])('takes no connector that does not fit: %j', async (jars, message) => {
    program('mvn', `touch ${folder}/called`);
    mkdirSync(at('spark/jars'), { recursive: true });
    for (const jar of jars) writeFileSync(at('spark/jars', jar), '');
    const end = await run('docker/scripts/connectors.sh', ['s3', at('spark'), at('out')]);
    expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
    expect(existsSync(at('called'))).toBe(false);
  });

  it('asks Maven for those of the Hadoop that it finds', async () => {
    program(
      'mvn',
      `printf '%s\\n' "$*" > ${folder}/calls; touch ${folder}/out/hadoop-aws-3.4.9.jar`,
    );
    mkdirSync(at('spark/jars'), { recursive: true });
    writeFileSync(at('spark/jars/hadoop-client-api-3.4.9.jar'), '');
    expect(await run('docker/scripts/connectors.sh', ['s3', at('spark'), at('out')])).toMatchObject(
      {
        code: 0,
        stderr: 'connector for Hadoop 3.4.9: hadoop-aws-3.4.9.jar\n',
      },
    );
    expect(readFileSync(at('calls'), 'utf8')).toContain(
      '--activate-profiles s3 -Dhadoop.version=3.4.9',
    );
  });
});

describe('docker/scripts/gcloud.sh', () => {
  it('does nothing unless it is asked to, and knows what it was asked', async () => {
    expect(await run('docker/scripts/gcloud.sh', ['false', '1', at('sdk')])).toMatchObject({
      code: 0,
    });
    expect(readdirSync(at('sdk/bin'))).toEqual([]);
    expect(await run('docker/scripts/gcloud.sh', ['yes', '1', at('sdk')])).toMatchObject({
      code: 2,
      stderr: 'INSTALL_GCLOUD is true or false, not yes\n',
    });
  });
});

describe('docker/scripts/runtime.sh', () => {
  it('makes a user, a Java at a fixed place, and folders for any user of group 0', async () => {
    for (const path of [
      'etc',
      'usr/bin',
      'usr/lib/jvm/java-21-openjdk-21.0.9/bin',
      'opt/spark/conf',
    ]) {
      mkdirSync(at(path), { recursive: true });
    }
    writeFileSync(at('etc/passwd'), 'root:x:0:0:root:/root:/bin/bash\n');
    writeFileSync(at('opt/spark/conf/a'), '', { mode: 0o600 });
    writeFileSync(at('usr/lib/jvm/java-21-openjdk-21.0.9/bin/java'), '');
    writeFileSync(at('usr/bin/su'), '');
    chmodSync(at('usr/bin/su'), 0o4755);
    symlinkSync(at('usr/lib/jvm/java-21-openjdk-21.0.9/bin/java'), at('usr/bin/java'));
    for (let again = 0; again < 2; again += 1) {
      const end = await run('docker/scripts/runtime.sh', ['/opt/spark/conf', '/work'], {
        ROOT: folder,
      });
      expect(end).toMatchObject({ code: 0, stderr: '' });
    }
    expect(readFileSync(at('etc/passwd'), 'utf8')).toBe(
      'root:x:0:0:root:/root:/bin/bash\nspark:x:185:0:Spark:/home/spark:/sbin/nologin\n',
    );
    expect(readlinkSync(at('opt/java'))).toBe('/usr/lib/jvm/java-21-openjdk-21.0.9');
    expect(lstatSync(at('opt/spark/conf/a')).mode & 0o777).toBe(0o660);
    expect(lstatSync(at('work')).isDirectory()).toBe(true);
    expect(lstatSync(at('usr/bin/su')).mode & 0o7000).toBe(0);
  });
});

describe('docker/entrypoint.sh', () => {
  /** What would be started, and with which variables. */
  const start = async (
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ end: End; called: readonly string[]; env: Readonly<Record<string, string>> }> => {
    for (const name of ['spark-class', 'spark-submit', 'java']) {
      program(
        name,
        `printf '%s\\0' "\${0##*/}" "$@" > ${folder}/called; env -0 > ${folder}/environment`,
      );
    }
    mkdirSync(at('spark/conf'), { recursive: true });
    if (!existsSync(at('spark/bin'))) symlinkSync(at('bin'), at('spark/bin'));
    const passwd = at('passwd');
    if (!existsSync(passwd)) writeFileSync(passwd, 'root:x:0:0:root:/root:/bin/bash\n');
    const end = await run('docker/entrypoint.sh', args, {
      SPARK_HOME: at('spark'),
      PASSWD_FILE: passwd,
      ...env,
    });
    const called = existsSync(at('called'))
      ? readFileSync(at('called'), 'utf8').split('\0').slice(0, -1)
      : [];
    const lines = existsSync(at('environment'))
      ? readFileSync(at('environment'), 'utf8').split('\0')
      : [];
    const variables = lines.map(
      (line) => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)] as const,
    );
    return { end, called, env: Object.fromEntries(variables) };
  };

  it('starts a master, which has no button that kills', async () => {
    // The name leads somewhere at the second look.
    program('getent', `[ -e ${folder}/asked ] || { touch ${folder}/asked; exit 2; }`);
    const { called, env } = await start(['master'], {
      SPARK_MASTER_HOST: 'spark-master',
      SPARK_AUTHENTICATE_SECRET: 's3cret',
    });
    expect(called).toEqual([
      ...['spark-class', 'org.apache.spark.deploy.master.Master', '--host', 'spark-master'],
      ...['--port', '7077', '--webui-port', '8081'],
    ]);
    expect(env._SPARK_AUTH_SECRET).toBe('s3cret');
    expect(env.SPARK_DAEMON_JAVA_OPTS?.trim()).toBe('-Dspark.authenticate=true');
    expect(env.SPARK_MASTER_OPTS?.trim()).toBe('-Dspark.ui.killEnabled=false');
  });

  it('starts a worker, whose drivers have the secret by a file', async () => {
    writeFileSync(at('secret'), 's3cret');
    const { called, env } = await start(['worker'], {
      SPARK_AUTHENTICATE_SECRET_FILE: at('secret'),
      SPARK_WORKER_CORES: '3',
      SPARK_WORKER_MEMORY: '2g',
      SPARK_WORKER_WEBUI_PORT: '8082',
    });
    expect(called).toEqual([
      ...['spark-class', 'org.apache.spark.deploy.worker.Worker', '--webui-port', '8082'],
      ...['--cores', '3', '--memory', '2g', 'spark://spark-master:7077'],
    ]);
    const file = /^@(\S+)/.exec(env.JDK_JAVA_OPTIONS ?? '')?.[1] ?? '';
    expect(readFileSync(file, 'utf8')).toBe('-Dspark.authenticate.secret=s3cret\n');
    expect(lstatSync(file).mode & 0o777).toBe(0o600);
    expect((await start(['worker', 'spark://other:1'])).called.at(-1)).toBe('spark://other:1');
  });

  it('is not confused by what Kubernetes sets for a service of that name', async () => {
    const { called } = await start(['master'], { SPARK_MASTER_PORT: 'tcp://10.0.0.1:7077' });
    expect(called.join(' ')).toContain('--port 7077');
  });

  it('starts an executor with the variables that Kubernetes gives it', async () => {
    const { called } = await start(['executor'], {
      SPARK_DRIVER_URL: 'spark://CoarseGrainedScheduler@10.1.2.3:7078',
      SPARK_EXECUTOR_ID: '4',
      SPARK_EXECUTOR_CORES: '2',
      SPARK_EXECUTOR_MEMORY: '1024m',
      SPARK_APPLICATION_ID: 'spark-1',
      SPARK_EXECUTOR_POD_IP: '10.1.2.4',
      SPARK_EXECUTOR_POD_NAME: 'libra-exec-4',
      SPARK_RESOURCE_PROFILE_ID: '0',
      SPARK_CLASSPATH: '/extra/*',
      SPARK_JAVA_OPT_0: '-Da=with space',
      SPARK_JAVA_OPT_10: '-Dc',
      SPARK_JAVA_OPT_2: '-Db',
    });
    expect(called).toEqual([
      ...['java', '-Da=with space', '-Db', '-Dc', '-Xms1024m', '-Xmx1024m'],
      ...['-cp', `/extra/*:${at('spark')}/conf:${at('spark')}/jars/*`],
      'org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend',
      ...['--driver-url', 'spark://CoarseGrainedScheduler@10.1.2.3:7078', '--executor-id', '4'],
      ...['--cores', '2', '--app-id', 'spark-1', '--hostname', '10.1.2.4'],
      ...['--resourceProfileId', '0', '--podName', 'libra-exec-4'],
    ]);
  });

  it('starts a driver, the history, or any command', async () => {
    const driver = await start(['driver', '--class', 'Main'], {
      SPARK_DRIVER_BIND_ADDRESS: '10.1.2.3',
    });
    expect(driver.called).toEqual([
      ...['spark-submit', '--conf', 'spark.driver.bindAddress=10.1.2.3', '--deploy-mode', 'client'],
      ...['--class', 'Main'],
    ]);
    expect((await start(['history'])).called).toEqual([
      'spark-class',
      'org.apache.spark.deploy.history.HistoryServer',
    ]);
    expect((await start(['sh', '-c', 'echo $0 hello', 'x'])).end.stdout).toBe('x hello\n');
    expect((await start(['sh', '-c', 'exit 5'])).end.code).toBe(5);
    writeFileSync(at('secret'), 's3cret');
    const say = ['sh', '-c', 'echo $SPARK_AUTHENTICATE_SECRET'];
    const { end } = await start(say, { SPARK_AUTHENTICATE_SECRET_FILE: at('secret') });
    expect(end.stdout).toBe('s3cret\n');
    expect((await start([])).end).toMatchObject({ code: 2 });
  });

  it.each([
    [{ S3_BUCKET: 'lake' }, 's3a://lake'],
    [{ MINIO_BUCKET: 'lake' }, 's3a://lake'],
    [{ GCS_BUCKET: 'lake' }, 'gs://lake'],
  ])('names the bucket to Spark once, where nobody has: %j', async (env, url) => {
    await start(['sh', '-c', ':'], env);
    await start(['sh', '-c', ':'], env);
    expect(readFileSync(at('spark/conf/spark-defaults.conf'), 'utf8')).toBe(
      `spark.eventLog.dir ${url}/spark-events\nspark.history.fs.logDirectory ${url}/spark-events\nspark.kubernetes.file.upload.path ${url}/spark-upload\n`,
    );
    writeFileSync(at('spark/conf/spark-defaults.conf'), 'spark.eventLog.dir=/own\n');
    await start(['sh', '-c', ':'], env);
    const kept = readFileSync(at('spark/conf/spark-defaults.conf'), 'utf8');
    expect(kept.match(/spark\.eventLog\.dir/g)).toHaveLength(1);
  });

  it('finds the key of a service account', async () => {
    mkdirSync(at('spark/conf/gcs-json-key'), { recursive: true });
    writeFileSync(at('spark/conf/gcs-json-key/key.json'), '{}');
    const say = ['sh', '-c', 'echo $GOOGLE_APPLICATION_CREDENTIALS'];
    expect((await start(say)).end.stdout).toBe(`${at('spark')}/conf/gcs-json-key/key.json\n`);
    expect((await start(say, { GOOGLE_APPLICATION_CREDENTIALS: '/own' })).end.stdout).toBe(
      '/own\n',
    );
  });
});
