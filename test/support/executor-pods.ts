import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { javaHome } from './image-walk.ts';
import type { KubeObject } from './kubelab.ts';
import { sparkHome } from './spark-home.ts';

/** A pod as far as tests look at it. */
export interface Pod extends KubeObject {
  readonly spec: {
    readonly serviceAccountName: string;
    readonly enableServiceLinks: boolean;
    readonly automountServiceAccountToken: boolean;
    readonly securityContext: Readonly<Record<string, unknown>>;
    readonly containers: readonly {
      readonly name: string;
      readonly image: string;
      readonly args: readonly string[];
      readonly env: readonly {
        readonly name: string;
        readonly value?: string;
        readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } };
      }[];
      readonly resources: Readonly<Record<string, Readonly<Record<string, string>>>>;
      readonly securityContext: Readonly<Record<string, unknown>>;
    }[];
  };
}

/** The variables that a kubelet would give the container, on a machine that is the whole cluster. */
export const environmentOf = (pod: Pod): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (pod.spec.containers[0]?.env ?? []).map(({ name, value, valueFrom }) => [
      name,
      valueFrom?.fieldRef?.fieldPath === 'metadata.name'
        ? pod.metadata.name
        : (value ?? '127.0.0.1'),
    ]),
  );

/** Does with pods of executors what a kubelet does: starts the entrypoint of the image as they say. */
export class ExecutorPods {
  readonly folder = mkdtempSync(join(tmpdir(), 'libra-executors-'));
  readonly #running = new Map<string, ChildProcess>();

  /** Starts those that do not run yet. */
  run(pods: readonly Pod[]): void {
    for (const pod of pods) {
      const { name } = pod.metadata;
      if (this.#running.has(name)) continue;
      const local = join(this.folder, name);
      mkdirSync(local);
      const child = spawn(
        resolve('docker/entrypoint.sh'),
        [...(pod.spec.containers[0]?.args ?? [])],
        {
          cwd: local,
          stdio: 'ignore',
          env: {
            PATH: process.env.PATH,
            HOME: local,
            JAVA_HOME: javaHome(),
            ...environmentOf(pod),
            // What the image has at fixed places lies elsewhere here.
            SPARK_HOME: sparkHome(),
            SPARK_LOCAL_DIRS: local,
            SPARK_LOCAL_IP: '127.0.0.1',
          },
        },
      );
      this.#running.set(name, child);
    }
  }

  async stop(): Promise<void> {
    for (const child of this.#running.values()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
