import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { load } from '../../src/config/load.ts';
import { ApiClient, type JobBody } from '../support/api-client.ts';
import { ExecutorPods, environmentOf, type Pod } from '../support/executor-pods.ts';
import { Kubelab, type KubeObject, kubelabFolder, NO_KUBELAB } from '../support/kubelab.ts';
import { built, type Manifest, type Option } from '../support/manifests.ts';
import { ServerProcess } from '../support/server-process.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const NAMESPACE = 'spark-platform';
const hasLab = kubelabFolder() !== null;
if (!hasLab) process.stderr.write(`SKIP  the tests on Kubernetes: ${NO_KUBELAB}\n`);

const folder = mkdtempSync(join(tmpdir(), 'libra-kubernetes-'));
let lab: Kubelab;
beforeAll(async () => {
  if (!hasLab) return;
  lab = await Kubelab.start();
  // Three claims of option1, one of its durable form, one of option3.
  lab.offerVolumes(6);
});
afterAll(() => {
  lab?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const deploy = (
  ...args: readonly string[]
): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((done) => {
    const env = {
      ...process.env,
      KUBECTL: lab.kubectl,
      KUBECONFIG: lab.kubeconfig,
      DEPLOY_TIMEOUT: '2m',
    };
    execFile(resolve('k8s/deploy.sh'), [...args], { env }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });

const secret = (name: string, key: string): string => {
  const path = `jsonpath={.data['${key.replace('.', '\\.')}']}`;
  const text = lab.ask('--namespace', NAMESPACE, 'get', 'secret', name, '--output', path);
  return Buffer.from(text, 'base64').toString();
};

const namesOf = (objects: readonly KubeObject[]): readonly string[] =>
  objects.map(({ metadata }) => metadata.name.replace(/^libra-[0-9a-f]+-\w+$/, 'libra')).sort();

const pods = (): readonly Pod[] => lab.list<Pod>('pods');
const executorPods = (): readonly Pod[] =>
  lab.list<Pod>('pods', '--selector', 'spark-role=executor');

const applied = (option: Option): readonly Manifest[] => built(option, lab.kubectl);

/** Asks until it is as wanted. */
const until = async <T>(ask: () => T | Promise<T>, wanted: (found: T) => boolean): Promise<T> => {
  for (;;) {
    const found = await ask();
    if (wanted(found)) return found;
    await sleep(200);
  }
};

describe.skipIf(!hasLab)('k8s/deploy.sh', () => {
  it.each([
    [[]],
    [['option2']],
    [['option1', 'option3']],
    [['option3', '--durable']],
    [['--durable']],
  ])('explains what it can do: %j', async (args) => {
    const { code, stderr } = await deploy(...args);
    expect(code).toBe(2);
    expect(stderr).toContain('usage: k8s/deploy.sh option1 [--durable] | option3');
  });

  it('brings up option1, and prints how to use it', async () => {
    const { code, stdout, stderr } = await deploy('option1');
    expect(code, stderr).toBe(0);
    expect(namesOf(pods())).toEqual([
      ...['libra', 'libra', 'libra', 'spark-master-0'],
      ...['spark-worker-0', 'spark-worker-1', 'spark-worker-2'],
    ]);
    expect(stdout).toContain('port-forward service/libra-service 8080');
    expect(stdout).toContain('--header "Authorization: Bearer $token"');
    // As a person would run it: the command that reads the token is a command.
    const command = /^token=\$\((.*)\)$/m.exec(stdout)?.[1] ?? '';
    const env = { ...process.env, KUBECONFIG: lab.kubeconfig };
    const read = execFileSync('bash', ['-c', command.replace('kubectl', lab.kubectl)], {
      env,
      encoding: 'utf8',
    });
    expect(read).toMatch(/^[0-9a-f]{64}$/);
    expect(`${stdout}${stderr}`).not.toContain(read);
  });

  it('makes tokens that the server takes, and keeps them', async () => {
    const token = secret('libra-admin-token', 'token');
    const tokens = secret('libra-tokens', 'tokens.yml');
    const hash = createHash('sha256').update(token).digest('hex');
    expect(parse(tokens)).toEqual({ tokens: [{ name: 'admin', sha256: hash, roles: ['admin'] }] });
    expect(tokens).not.toContain(token);
    const file = join(folder, 'tokens.yml');
    writeFileSync(file, tokens, { mode: 0o600 });
    const config = load({ SERVER_ADDRESS: '0.0.0.0', LIBRA_SECURITY_TOKENS_FILE: file });
    expect(config.libra.security.tokens).toHaveLength(1);
    const shared = secret('libra-spark', 'authenticate-secret');
    expect(shared).toMatch(/^[0-9a-f]{64}$/);

    expect((await deploy('option1')).code).toBe(0);
    expect(secret('libra-admin-token', 'token')).toBe(token);
    expect(secret('libra-tokens', 'tokens.yml')).toBe(tokens);
    expect(secret('libra-spark', 'authenticate-secret')).toBe(shared);
  });

  it('lets no pod of option1 talk to the API server, and one at a time be moved', async () => {
    for (const account of ['libra', 'spark']) {
      for (const resource of ['pods', 'secrets', 'configmaps']) {
        expect(lab.may(account, 'get', resource), `${account} ${resource}`).toBe(false);
      }
    }
    const budgets = await until(
      () => lab.list<KubeObject & { status: { disruptionsAllowed: number } }>('pdb'),
      (found) => found.filter(({ status }) => status.disruptionsAllowed === 1).length === 2,
    );
    expect(
      Object.fromEntries(
        budgets.map(({ metadata, status }) => [metadata.name, status.disruptionsAllowed]),
      ),
    ).toEqual({
      libra: 1,
      'spark-master': 0,
      'spark-worker': 1,
    });
  });

  it('makes option1 durable', async () => {
    const { code, stderr } = await deploy('option1', '--durable');
    expect(code, stderr).toBe(0);
    const [deployment] = lab.list<Manifest>('deployments');
    expect(deployment.spec.replicas).toBe(1);
    expect(deployment.spec.strategy).toEqual({ type: 'Recreate' });
    const volume = deployment.spec.template.spec.volumes.find(
      ({ name }: Manifest) => name === 'data',
    );
    expect(volume).toEqual({ name: 'data', persistentVolumeClaim: { claimName: 'libra-data' } });
    const claims = lab.list<Manifest>('pvc').filter(({ status }) => status.phase === 'Bound');
    expect(namesOf(claims)).toEqual([
      'libra-data',
      'spark-events',
      'spark-jars',
      'spark-warehouse',
    ]);
    const budget = lab.list<Manifest>('pdb').find(({ metadata }) => metadata.name === 'libra');
    expect(budget.spec).toMatchObject({ minAvailable: 1 });
    expect(budget.spec).not.toHaveProperty('maxUnavailable');
  });

  it('is refused for a field that Kubernetes does not know', () => {
    const text = readFileSync('k8s/option1/libra.yaml', 'utf8').replace(
      'enableServiceLinks',
      'enableServiceLink',
    );
    expect(() =>
      lab.feed(
        text,
        '--namespace',
        NAMESPACE,
        'apply',
        '--server-side',
        '--dry-run=server',
        '-f',
        '-',
      ),
    ).toThrow(/enableServiceLink/);
  });
});

describe.skipIf(!hasLab)('k8s/option3', () => {
  let server: ServerProcess;
  let api: ApiClient;
  let kubelet: ExecutorPods;
  let libraPod: string;

  beforeAll(async () => {
    if (!hasLab) return;
    lab.ask('delete', 'namespace', NAMESPACE, '--ignore-not-found', '--wait');
    const { code, stderr } = await deploy('option3');
    expect(code, stderr).toBe(0);
    kubelet = new ExecutorPods();
    libraPod = pods()[0]?.metadata.name ?? '';
  });
  afterAll(async () => {
    await server?.stop();
    await kubelet?.stop();
  });

  it('has one server that keeps its history', () => {
    expect(namesOf(pods())).toEqual(['libra']);
    expect(namesOf(lab.list('pvc'))).toEqual(['libra-data']);
    expect(lab.list<Manifest>('pvc')[0].status.phase).toBe('Bound');
  });

  it.each([
    ['create', 'pods', true],
    ['get', 'pods', true],
    ['list', 'pods', true],
    ['watch', 'pods', true],
    ['delete', 'pods', true],
    ['deletecollection', 'pods', true],
    ['get', 'pods/log', true],
    ['create', 'services', true],
    ['delete', 'services', true],
    ['create', 'configmaps', true],
    ['delete', 'configmaps', true],
    ['create', 'pods/exec', false],
    ['create', 'pods/portforward', false],
    // Spark would remove claims of its own as it stops; the one of the server's data is here, too.
    ['deletecollection', 'persistentvolumeclaims', false],
    ['get', 'secrets', false],
    ['list', 'secrets', false],
    ['create', 'serviceaccounts/token', false],
    ['create', 'rolebindings.rbac.authorization.k8s.io', false],
    ['update', 'roles.rbac.authorization.k8s.io', false],
    ['update', 'deployments.apps', false],
    ['create', 'persistentvolumeclaims', false],
    ['get', 'nodes', false],
    ['list', 'namespaces', false],
  ] as const)('lets the driver %s %s: %s', (verb, resource, allowed) => {
    expect(lab.may('spark', verb, resource)).toBe(allowed);
    // Nowhere else, and executors nothing at all.
    expect(lab.may('spark', verb, resource, 'default')).toBe(false);
    expect(lab.may('spark-executor', verb, resource)).toBe(false);
  });

  /** The container of the Deployment, on a machine that is the whole cluster. */
  const startServer = async (): Promise<void> => {
    const deployment = applied('option3').find(({ kind }) => kind === 'Deployment');
    const container = deployment.spec.template.spec.containers[0];
    const given = Object.fromEntries(
      container.env.map(({ name, value, valueFrom }: Manifest) => {
        const field = valueFrom?.fieldRef?.fieldPath;
        if (field === 'metadata.name') return [name, libraPod];
        if (field === 'metadata.namespace') return [name, NAMESPACE];
        return [name, (value ?? '127.0.0.1').replace('$(POD_IP)', '127.0.0.1')];
      }),
    );
    const token = join(folder, 'service-account-token');
    writeFileSync(token, lab.ask('--namespace', NAMESPACE, 'create', 'token', 'spark'));
    const ca = join(folder, 'ca.crt');
    const { clusters } = parse(readFileSync(lab.kubeconfig, 'utf8'));
    writeFileSync(ca, Buffer.from(clusters[0].cluster['certificate-authority-data'], 'base64'));
    const tokensFile = join(folder, 'tokens.yml');
    writeFileSync(tokensFile, secret('libra-tokens', 'tokens.yml'), { mode: 0o600 });
    server = await ServerProcess.start({
      env: {
        ...given,
        SERVER_ADDRESS: '127.0.0.1',
        SERVER_PORT: '0',
        LIBRA_SECURITY_TOKENS_FILE: tokensFile,
        LIBRA_PYTHON_EXECUTABLE: resolve('.spark/venv/bin/python'),
        JAVA_OPTS: '-Xmx1g',
        SPARK_MASTER: `k8s://${lab.server}`,
        SPARK_CONFIG: JSON.stringify({
          ...JSON.parse(given.SPARK_CONFIG),
          // In a pod these are where Spark looks by itself.
          'spark.kubernetes.authenticate.oauthTokenFile': token,
          'spark.kubernetes.authenticate.caCertFile': ca,
          'spark.kubernetes.executor.podTemplateFile': resolve('k8s/option3/executor.yaml'),
          'spark.driver.bindAddress': '127.0.0.1',
          'spark.driver.port': '0',
          'spark.driver.blockManager.port': '0',
          'spark.ui.port': '0',
        }),
      },
    });
    api = new ApiClient(server.url, {
      authorization: `Bearer ${secret('libra-admin-token', 'token')}`,
    });
  };

  const asks = async (id: string): Promise<readonly Pod[]> => {
    await until(
      () => api.job(id),
      ({ body }) => body.waitingFor === 'EXECUTORS',
    );
    return executorPods();
  };

  let job: JobBody;
  it('asks for executor pods, and says that it waits for them', async () => {
    await startServer();
    const code = 'SELECT count(*) AS n FROM range(0, 1000, 1, 4)';
    job = (await api.sql(code, { wait: '0s' })).body;
    const [pod, ...more] = await asks(job.jobId);
    if (pod === undefined) throw new Error('there is no pod of an executor');
    expect(more.length).toBeLessThan(10);
    expect(pod.metadata.labels).toMatchObject({
      'spark-role': 'executor',
      'spark-app-name': 'libra',
      'spark-version': '4.0.1',
      'app.kubernetes.io/name': 'spark-executor',
    });
    expect(pod.metadata.ownerReferences).toMatchObject([{ kind: 'Pod', name: libraPod }]);
    expect(pod.spec).toMatchObject({
      serviceAccountName: 'spark-executor',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(pod.spec.containers).toMatchObject([
      {
        image: 'whereq/spark:4.0.1-base',
        args: ['executor'],
        // Two GiB of heap, and 384 MiB for all else.
        resources: {
          requests: { cpu: '1', memory: '2432Mi', 'ephemeral-storage': '5Gi' },
          limits: { cpu: '2', memory: '2432Mi', 'ephemeral-storage': '20Gi' },
        },
        securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
      },
    ]);
    expect(environmentOf(pod)).toMatchObject({
      SPARK_DRIVER_URL: expect.stringMatching(
        /^spark:\/\/CoarseGrainedScheduler@127\.0\.0\.1:\d+$/,
      ),
      SPARK_EXECUTOR_CORES: '2',
      SPARK_EXECUTOR_MEMORY: '2048m',
    });
  });

  it('runs on them once they run', async () => {
    for (;;) {
      kubelet.run(executorPods());
      const { body } = await api.job(job.jobId, '?wait=1s');
      if (body.state === 'RUNNING') continue;
      expect(body).toMatchObject({
        state: 'SUCCESS',
        waitingFor: null,
        executor: 'embedded',
        result: expect.stringContaining('[1000]'),
      });
      break;
    }
  });

  it('has executors for a session of its own, which go with it', async () => {
    await api.call('POST', '/api/v1/sessions', { sessionId: 'own', mode: 'ISOLATED' });
    const statement = await api.sql(
      'SELECT count(*) AS n FROM range(0, 10, 1, 2)',
      { wait: '0s' },
      'own',
    );
    await asks(statement.body.jobId);
    const session = await api.get<{ appId: string }>('/api/v1/sessions/own');
    const own = (): readonly Pod[] =>
      executorPods().filter(
        ({ metadata }) => metadata.labels?.['spark-app-selector'] === session.body.appId,
      );
    expect(own().length).toBeGreaterThan(0);
    for (const pod of own()) {
      expect(environmentOf(pod).SPARK_DRIVER_URL).toMatch(/@127\.0\.0\.1:41\d\d\d$/);
      expect(pod.metadata.ownerReferences).toMatchObject([{ kind: 'Pod', name: libraPod }]);
    }
    await api.call('DELETE', '/api/v1/sessions/own');
    await until(own, (left) => left.length === 0);
    expect((await api.ended(statement.body.jobId)).state).toBe('CANCELLED');
  });

  it('gives everything back, and was refused nothing that it needs', async () => {
    expect(await server.stop()).toMatchObject({ code: 0 });
    await until(executorPods, (left) => left.length === 0);
    const refused = [...server.output.matchAll(/(\w+) is forbidden: User/g)].map(
      ([, what]) => what,
    );
    expect(new Set(refused)).toEqual(new Set(['persistentvolumeclaims']));
    expect(namesOf(lab.list('configmaps', '--selector', 'spark-role=executor'))).toEqual([]);
  });
});
