import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from './api-client.ts';
import { Cluster, freePort } from './cluster.ts';
import { clusterServer } from './cluster-server.ts';
import { driverProcesses } from './driver-processes.ts';
import { FaultBook, type Place } from './fault-book.ts';
import { FaultLoad, folderIn, whereItRuns } from './fault-load.ts';
import { makeJar } from './java-jars.ts';
import { processesNaming } from './process-tree.ts';
import type { ServerProcess } from './server-process.ts';
import { sparkHome } from './spark-home.ts';

export const FAULTS = [
  'shared driver killed',
  'shared driver stopped',
  'shared driver out of memory',
  'isolated driver killed',
  'server killed',
  'application removed',
] as const;
export type FaultKind = (typeof FAULTS)[number];

/** Milliseconds from the fault on. */
export interface Recovery {
  /** Health is green, and stays so. */
  readonly green: number;
  /** A Python job on the shared driver has answered. */
  readonly answered: number;
  /** Nothing is left of the processes that were hit. */
  readonly cleared: number;
}

export interface Verdict {
  readonly jobs: number;
  readonly refused: number;
  readonly repeated: number;
  readonly ends: ReadonlyMap<string, number>;
  readonly wrong: readonly string[];
}

const LOOK_MS = 50;
/** No recovery takes so long: it has failed. */
const LIMIT_MS = 300_000;
const ENDS_LIMIT_MS = 180_000;
const GONE_LIMIT_MS = 60_000;

const PROGRAMS = {
  'faults.Append': `
    public static void main(String[] args) throws Exception {
      java.nio.file.Files.writeString(java.nio.file.Path.of(args[0]), args[1] + "\\n",
          java.nio.file.StandardOpenOption.CREATE, java.nio.file.StandardOpenOption.APPEND);
      Thread.sleep(500);
      System.out.println("counted "
          + org.apache.spark.sql.SparkSession.builder().getOrCreate().range(100).count());
    }`,
  'faults.Fill': `
    public static void main(String[] args) {
      java.util.List<byte[]> kept = new java.util.ArrayList<>();
      while (true) kept.add(new byte[1 << 20]);
    }`,
};

/**
 * A server on a cluster of its own, its shared driver in a process beside it, under a load of all
 * kinds of jobs; and the faults that may hit it.
 */
export class FaultRun {
  readonly #folder: string;
  readonly #cluster: Cluster;
  readonly #server: ServerProcess;
  readonly #api: ApiClient;
  readonly #book: FaultBook;
  readonly #load: FaultLoad;
  readonly #jar: string;
  /** Of the shared driver. */
  #driver = '';

  private constructor(folder: string, cluster: Cluster, server: ServerProcess) {
    this.#folder = folder;
    this.#cluster = cluster;
    this.#server = server;
    this.#api = new ApiClient(server.url);
    this.#jar = join(folder, 'faults.jar');
    const effects = join(folder, 'effects');
    this.#book = new FaultBook(effects);
    this.#load = new FaultLoad({ url: server.url, book: this.#book, effects, jar: this.#jar });
  }

  static async start(): Promise<FaultRun> {
    const folder = mkdtempSync(join(tmpdir(), 'libra-faults-'));
    const cluster = await Cluster.start(1);
    try {
      makeJar(join(folder, 'faults.jar'), PROGRAMS, sparkHome());
      const server = await clusterServer(
        cluster,
        {
          // Clients find the next server where the last one was.
          SERVER_PORT: String(await freePort()),
          LIBRA_DRIVER_HOST: 'child',
          LIBRA_FILES_ALLOWED_ROOTS: folder,
          // The faults come closer to each other than those of a server that is given up.
          LIBRA_RESTART_LIMIT: '1000',
          LIBRA_RESTART_WELL: '30',
        },
        { 'spark.driver.memory': '512m', 'spark.executor.memory': '512m', 'spark.cores.max': '2' },
      );
      const run = new FaultRun(folder, cluster, server);
      run.#driver = await run.#whereShared(() => true);
      run.#load.start();
      return run;
    } catch (cause) {
      await cluster.stop();
      rmSync(folder, { recursive: true, force: true });
      throw cause;
    }
  }

  /** `random` chooses among equal targets: from 0 up to 1. */
  async suffer(kind: FaultKind, random: () => number): Promise<Recovery> {
    const victim = kind === 'isolated driver killed' ? await this.#isolated(random) : null;
    const place: Place =
      kind === 'server killed' ? 'all' : victim === null ? 'shared' : `session ${victim.session}`;
    const hit = this.#hit(kind, victim?.folder ?? this.#driver);
    const application = await this.#application();
    const over = this.#book.begin(place);
    const from = performance.now();
    const since = () => performance.now() - from;
    await this.#make(kind, victim?.folder ?? this.#driver);
    const green = this.#untilGreen(from);
    const cleared = this.#untilGone(hit).then(since);
    // Only what has been made anew counts.
    const isNew = async (folder: string): Promise<boolean> =>
      !hit.includes(folder) &&
      (kind !== 'application removed' || (await this.#application()) !== application);
    this.#driver = await this.#whereShared(isNew);
    const answered = since();
    const recovery = { green: await green(), answered, cleared: await cleared };
    over();
    return recovery;
  }

  /** Ends the load, judges every job, stops the server, and looks for what is left. */
  async finish(): Promise<Verdict> {
    await this.#load.stop();
    const { wrong, ends } = this.#book;
    await this.#book.judge(this.#api, ENDS_LIMIT_MS);
    for (const state of ['QUEUED', 'RUNNING']) {
      const { body } = await this.#api.get<{ items: { jobId: string }[] }>(
        `/api/v1/jobs?state=${state}&limit=1000`,
      );
      for (const { jobId } of body.items) wrong.push(`${jobId} is still ${state}`);
    }
    await this.#server.signal('SIGTERM');
    await this.#server.exited;
    wrong.push(...(await this.#leftovers()));
    const { size: jobs, refused, repeated } = this.#book;
    return { jobs, refused, repeated, ends, wrong };
  }

  /** Whatever has happened. */
  async close(): Promise<void> {
    await this.#server.stop();
    await this.#cluster.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get output(): string {
    return this.#server.output;
  }

  async #make(kind: FaultKind, folder: string): Promise<void> {
    switch (kind) {
      case 'shared driver killed':
      case 'isolated driver killed':
        process.kill(this.#jvmIn(folder), 'SIGKILL');
        return;
      case 'shared driver stopped':
        process.kill(this.#jvmIn(folder), 'SIGSTOP');
        return;
      case 'shared driver out of memory':
        // Not awaited: it ends when its driver has.
        void this.#load.send({
          request: { kind: 'jar-class', filePath: this.#jar, mainClass: 'faults.Fill' },
          expected: { state: 'LOST', tells: 'out of memory' },
          writes: false,
        });
        return;
      case 'server killed':
        process.kill(this.#server.pid, 'SIGKILL');
        return;
      case 'application removed':
        await this.#cluster.killApp((await this.#application()) ?? '');
        return;
      default:
        kind satisfies never;
    }
  }

  /** The folders of the drivers that do not outlive this fault. */
  #hit(kind: FaultKind, folder: string): readonly string[] {
    if (kind === 'application removed') return [];
    return kind === 'server killed' ? this.#folders() : [folder];
  }

  #folders(): readonly string[] {
    const drivers = join(this.#server.dataDir, 'data', 'drivers');
    return existsSync(drivers) ? readdirSync(drivers).map((name) => join(drivers, name)) : [];
  }

  #jvmIn(folder: string): number {
    const jvm = driverProcesses(folder).find(({ isJvm }) => isJvm);
    if (jvm === undefined) throw new Error(`no driver lives in ${folder}`);
    return jvm.pid;
  }

  async #isolated(random: () => number): Promise<{ session: string; folder: string }> {
    return this.#bounded('an isolated session with a driver', async () => {
      const living = [...this.#load.isolated].filter(([, folder]) =>
        driverProcesses(folder).some(({ isJvm }) => isJvm),
      );
      const [session, folder] = living[Math.floor(random() * living.length)] ?? [];
      return session === undefined || folder === undefined ? null : { session, folder };
    });
  }

  async #application(): Promise<string | null> {
    const { activeapps } = await this.#cluster.state();
    return activeapps.find(({ name }) => name === 'libra')?.id ?? null;
  }

  /** Asks jobs until one tells of a driver that is wanted. */
  #whereShared(isWanted: (folder: string) => Promise<boolean> | boolean): Promise<string> {
    return this.#bounded('an answer of the shared driver', async () => {
      const folder = folderIn((await this.#load.send(whereItRuns)) ?? '');
      return folder !== '' && (await isWanted(folder)) ? folder : null;
    });
  }

  /** Looks at health from now on; the call answers when it was red for the last time. */
  #untilGreen(from: number): () => Promise<number> {
    let over = false;
    let lastRed = from;
    const looks = (async () => {
      while (!over) {
        const response = await fetch(`${this.#server.url}/actuator/health`).catch(() => null);
        if (response?.status !== 200) lastRed = performance.now();
        await response?.arrayBuffer().catch(() => {});
        await sleep(LOOK_MS);
      }
    })();
    return async () => {
      over = true;
      await looks;
      return lastRed - from;
    };
  }

  async #untilGone(folders: readonly string[]): Promise<void> {
    await this.#bounded(
      `the end of ${folders.map((each) => basename(each)).join(', ')}`,
      async () => {
        const left = folders.filter(
          (folder) => existsSync(folder) || driverProcesses(folder).length > 0,
        );
        return left.length === 0 ? true : null;
      },
    );
  }

  async #bounded<T>(what: string, look: () => Promise<T | null>): Promise<T> {
    const deadline = performance.now() + LIMIT_MS;
    while (performance.now() < deadline) {
      const found = await look();
      if (found !== null) return found;
      await sleep(LOOK_MS);
    }
    throw new Error(`${what} did not come in ${LIMIT_MS / 1000} s:\n${this.output.slice(-8000)}`);
  }

  async #leftovers(): Promise<readonly string[]> {
    const { dataDir } = this.#server;
    const left = async (): Promise<readonly string[]> => [
      ...processesNaming(dataDir).map((pid) => `process ${pid} is left`),
      ...driverProcesses(dataDir).map(({ pid }) => `process ${pid} of a driver is left`),
      ...['drivers', 'tmp', 'programs'].flatMap((place) => {
        const folder = join(dataDir, 'data', place);
        return (existsSync(folder) ? readdirSync(folder) : []).map(
          (name) => `${place}/${name} is left`,
        );
      }),
      ...(await this.#cluster.state()).activeapps.map(({ id }) => `application ${id} is left`),
    ];
    const deadline = performance.now() + GONE_LIMIT_MS;
    while ((await left()).length > 0 && performance.now() < deadline) await sleep(LOOK_MS);
    return left();
  }
}
