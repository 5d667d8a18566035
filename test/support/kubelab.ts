import { execFile, execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { freePorts } from './free-ports.ts';

const OWN = resolve('test/kubelab');
const BUILT = resolve('.spark/kubelab');

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/**
 * A folder with up.sh and down.sh: the one that LIBRA_KUBELAB names, or ours where its programs have
 * been built (test/kubelab/build.sh .spark/kubelab). Null where there is none.
 */
export const kubelabFolder = (): string | null => {
  const named = process.env.LIBRA_KUBELAB;
  if (named !== undefined && named !== '') {
    if (!isExecutable(join(named, 'up.sh')))
      throw new Error(`LIBRA_KUBELAB: ${named} has no up.sh`);
    return named;
  }
  return isExecutable(join(BUILT, 'kubelab')) ? OWN : null;
};

export const NO_KUBELAB =
  'no Kubernetes: test/kubelab/build.sh .spark/kubelab builds one (with Go, some minutes), LIBRA_KUBELAB names a ready one';

export interface KubeObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
}

/** A real API server with its controllers, and a node whose pods run nothing. */
export class Kubelab {
  readonly #folder: string;
  readonly #run = mkdtempSync(join(tmpdir(), 'libra-kubelab-'));
  readonly #kubectl: string;
  server = '';

  private constructor(folder: string) {
    this.#folder = folder;
    const places = [
      process.env.KUBELAB_BIN ?? '',
      BUILT,
      join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kubelab'),
    ];
    // A ready folder may unpack its programs when it is started first.
    this.#kubectl = join(
      places.find((place) => place !== '' && existsSync(place)) ?? places[2] ?? '',
      'kubectl',
    );
  }

  static async start(): Promise<Kubelab> {
    const folder = kubelabFolder();
    if (folder === null) throw new Error(NO_KUBELAB);
    const lab = new Kubelab(folder);
    const [api, etcd] = await freePorts([4, 2]);
    try {
      await promisify(execFile)(join(folder, 'up.sh'), [lab.#run], {
        env: {
          ...process.env,
          API_PORT: String(api),
          ETCD_PORT: String(etcd),
          // All but those of nodes that are machines; token-cleaner and the like cost nothing.
          KCM_CONTROLLERS:
            '*,-node-ipam-controller,-node-route-controller,-cloud-node-lifecycle-controller',
        },
      });
      lab.#widenNodes();
    } catch (cause) {
      lab.stop();
      throw cause;
    }
    lab.server = `https://127.0.0.1:${api}`;
    return lab;
  }

  get kubectl(): string {
    return this.#kubectl;
  }

  get kubeconfig(): string {
    return join(this.#run, 'admin.kubeconfig');
  }

  /** What kubectl prints; throws with what it complains of. */
  ask(...args: readonly string[]): string {
    return this.feed('', ...args);
  }

  feed(input: string, ...args: readonly string[]): string {
    return execFileSync(this.#kubectl, ['--kubeconfig', this.kubeconfig, ...args], {
      input,
      encoding: 'utf8',
      stdio: 'pipe',
      maxBuffer: 64 * 1024 * 1024,
    });
  }

  list<T extends KubeObject>(kind: string, ...args: readonly string[]): readonly T[] {
    const text = this.ask(
      '--namespace',
      'spark-platform',
      'get',
      kind,
      '--output',
      'json',
      ...args,
    );
    return (JSON.parse(text) as { items: readonly T[] }).items;
  }

  /** Whether this account of the namespace may do that, as the API server itself judges. */
  may(account: string, verb: string, resource: string, namespace = 'spark-platform'): boolean {
    // `pods/log` would be the pod called log.
    const [whole = '', part] = resource.split('/');
    const what = part === undefined ? [whole] : [whole, `--subresource=${part}`];
    const as = `system:serviceaccount:spark-platform:${account}`;
    try {
      const said = this.ask('auth', 'can-i', verb, ...what, '--namespace', namespace, '--as', as);
      return said.trim() === 'yes';
    } catch (cause) {
      if ((cause as { stdout?: string }).stdout?.trim() === 'no') return false;
      throw cause;
    }
  }

  /** Nodes with as much of everything as the manifests ask for, whoever made them. */
  #widenNodes(): void {
    const ample = { cpu: '32', memory: '256Gi', pods: '110', 'ephemeral-storage': '500Gi' };
    const status = JSON.stringify({ status: { allocatable: ample, capacity: ample } });
    for (const node of this.ask('get', 'nodes', '--output', 'name').trim().split('\n')) {
      this.ask('patch', node, '--subresource=status', '--type=merge', '--patch', status);
    }
  }

  /** Storage for the claims of the manifests: nobody provisions any here. */
  offerVolumes(count: number): void {
    const volumes = Array.from({ length: count }, (_, number) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `volume-${number}` },
      spec: {
        capacity: { storage: '100Gi' },
        accessModes: ['ReadWriteOnce', 'ReadWriteMany'],
        hostPath: { path: `/volumes/${number}` },
      },
    }));
    this.feed(
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: volumes }),
      'create',
      '-f',
      '-',
    );
  }

  stop(): void {
    execFileSync(join(this.#folder, 'down.sh'), [this.#run, '--wipe'], { stdio: 'ignore' });
    rmSync(this.#run, { recursive: true, force: true });
  }
}
