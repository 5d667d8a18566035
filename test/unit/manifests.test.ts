import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { load } from '../../src/config/load.ts';
import {
  documentsOf,
  kustomization,
  type Manifest,
  manifestFiles,
  OPTIONS,
  podTemplates,
} from '../support/manifests.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const KUBERNETES = '1.33';
const PATCHES = ['libra.yaml', 'disruption-budget.yaml'];

const run = promisify(execFile);
const hasValidator = await run('kubernetes-validate', ['--version']).then(
  () => true,
  () => false,
);

/** What the strict types of Kubernetes have against these files; empty when nothing. */
const faultsOf = (files: readonly string[]): Promise<string> =>
  run('kubernetes-validate', ['--strict', '--quiet', '-k', KUBERNETES, ...files]).then(
    () => '',
    (error: { stdout: string; stderr: string }) => `${error.stdout}${error.stderr}`,
  );

/** Patches are half of something. */
const whole = (option: (typeof OPTIONS)[number]): readonly string[] =>
  manifestFiles(option).filter(
    (file) => option !== 'option1-durable' || !PATCHES.some((name) => file.endsWith(`/${name}`)),
  );

describe.each(OPTIONS)('k8s/%s', (option) => {
  const files = whole(option);
  const manifests = files.flatMap(documentsOf);
  const templates = podTemplates(manifests);
  const pods: readonly [string, Manifest][] = templates.map((each) => [
    each.metadata.name,
    each.spec.template.spec,
  ]);

  it.skipIf(!hasValidator)('has nothing that Kubernetes does not know', async () => {
    expect(await faultsOf(files)).toBe('');
  });

  it('applies every file, and names no other', () => {
    const { resources, patches = [], configMapGenerator = [] } = kustomization(option);
    const named = [
      ...resources,
      ...patches.map(({ path }: Manifest) => path),
      ...configMapGenerator.flatMap((each: Manifest) => each.files),
    ].filter((name: string) => !name.startsWith('../'));
    expect(named.sort()).toEqual(
      manifestFiles(option)
        .map((file) => file.split('/').at(-1))
        .sort(),
    );
  });

  it('bounds every pod', () => {
    for (const [name, spec] of [
      ...pods,
      ...manifests
        .filter(({ kind }) => kind === 'Pod')
        .map(
          (pod) => [pod.metadata.labels['app.kubernetes.io/name'], pod.spec] as [string, Manifest],
        ),
    ]) {
      expect(spec.enableServiceLinks, name).toBe(false);
      expect(spec.securityContext, name).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const container of spec.containers) {
        expect(container.securityContext, name).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        const mounts = container.volumeMounts.map((mount: Manifest) => mount.mountPath);
        expect(mounts, name).toEqual(expect.arrayContaining(['/tmp', '/home/spark', '/work']));
      }
    }
    for (const [name, spec] of pods) {
      for (const { resources, image } of spec.containers) {
        for (const what of ['cpu', 'memory', 'ephemeral-storage']) {
          expect(resources.requests[what], `${name} ${what}`).toBeDefined();
          expect(resources.limits[what], `${name} ${what}`).toBeDefined();
        }
        expect(image).toMatch(/^whereq\/(libra:0\.1\.0|spark:4\.0\.1-base)$/);
      }
    }
  });

  it('asks every pod how it is', () => {
    for (const [name, spec] of pods) {
      for (const { startupProbe, readinessProbe, livenessProbe } of spec.containers) {
        for (const probe of [startupProbe, readinessProbe, livenessProbe])
          expect(probe, name).toBeDefined();
        if (name !== 'libra') continue;
        expect(readinessProbe.httpGet).toEqual({
          path: '/actuator/health/readiness',
          port: 'http',
        });
        expect(livenessProbe.httpGet).toEqual({ path: '/actuator/health/liveness', port: 'http' });
        expect(startupProbe.httpGet).toEqual(livenessProbe.httpGet);
      }
    }
  });

  it('gives a token of the API server to who needs it alone', () => {
    const withToken = pods.filter(([, spec]) => spec.automountServiceAccountToken !== false);
    expect(withToken.map(([name]) => name)).toEqual(option === 'option3' ? ['libra'] : []);
    for (const account of manifests.filter(({ kind }) => kind === 'ServiceAccount')) {
      expect(account.automountServiceAccountToken).toBe(false);
    }
  });

  it('shows the API to others, and no page of Spark', () => {
    for (const service of manifests.filter(({ kind }) => kind === 'Service')) {
      const { name } = service.metadata;
      expect(service.spec.type ?? 'ClusterIP').toBe('ClusterIP');
      const ports = service.spec.ports.map(({ port }: Manifest) => port);
      expect(ports).not.toContain(4040);
      if (name === 'libra-service') expect(ports).toEqual([8080]);
      else expect(service.spec.clusterIP, name).toBe('None');
      if (name === 'libra-driver') {
        expect(ports).toEqual([7078, 7079]);
        expect(service.spec.publishNotReadyAddresses).toBe(true);
      }
    }
  });

  it('tells executors the address of the pod', () => {
    for (const [, spec] of pods.filter(([name]) => name === 'libra')) {
      const env: readonly Manifest[] = spec.containers[0].env;
      const of = (name: string): Manifest => env.find((each) => each.name === name);
      expect(of('POD_IP').valueFrom.fieldRef.fieldPath).toBe('status.podIP');
      expect(of('SPARK_LOCAL_HOSTNAME').value).toBe('$(POD_IP)');
      // As the server reads it, with the values that the pod would have.
      const given = Object.fromEntries(
        env.map(({ name, value }) => [
          name,
          name === 'SPARK_LOCAL_HOSTNAME' ? '10.1.2.3' : (value ?? '10.1.2.3'),
        ]),
      );
      const token = { name: 'ana', sha256: 'a'.repeat(64), roles: ['user'] };
      const { LIBRA_SECURITY_TOKENS_FILE: _, ...rest } = given;
      const config = load(
        { ...rest, LIBRA_SECURITY_TOKENS: JSON.stringify([token]) },
        { projectRoot: ROOT },
      );
      expect(config.spark.config['spark.driver.host']).toBe('10.1.2.3');
      expect(config.environment.forDrivers).toEqual({ SPARK_LOCAL_HOSTNAME: '10.1.2.3' });
      expect(config.warnings).toEqual([]);
      if (option === 'option1') expect(config.spark.config['spark.cores.max']).toBe('4');
      else
        expect(config.spark.config).toMatchObject({
          'spark.dynamicAllocation.shuffleTracking.enabled': 'true',
          'spark.dynamicAllocation.minExecutors': '0',
          'spark.dynamicAllocation.maxExecutors': '10',
          'spark.kubernetes.executor.podTemplateFile': '/etc/spark-executor/executor.yaml',
        });
    }
  });
});

describe('the check of manifests', () => {
  it.skipIf(!hasValidator)('finds a misspelt field', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'libra-manifest-'));
    const file = join(folder, 'libra.yaml');
    const text = readFileSync(resolve(ROOT, 'k8s/option1/libra.yaml'), 'utf8');
    writeFileSync(file, text.replace('enableServiceLinks', 'enableServiceLink'));
    expect(await faultsOf([file])).toContain("'enableServiceLink' was unexpected");
    rmSync(folder, { recursive: true });
  });
});

describe('k8s/option1', () => {
  it('has a place for the cores of each of its drivers', () => {
    const manifests = whole('option1').flatMap(documentsOf);
    const of = (name: string): Manifest =>
      podTemplates(manifests).find(({ metadata }) => metadata.name === name);
    const worker = of('spark-worker').spec;
    const cores = Number(
      worker.template.spec.containers[0].env.find(
        ({ name }: Manifest) => name === 'SPARK_WORKER_CORES',
      ).value,
    );
    expect(of('libra').spec.replicas * 4).toBeLessThanOrEqual(worker.replicas * cores);
    expect(of('libra').spec.replicas).toBe(3);
    const service = manifests.find(({ metadata }) => metadata.name === 'libra-service');
    expect(service.spec.sessionAffinity).toBe('ClientIP');
  });
});
