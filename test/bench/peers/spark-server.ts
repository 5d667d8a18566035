import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../support/cluster.ts';
import { sparkHome } from '../../support/spark-home.ts';

const CLASSES = {
  connect: 'org.apache.spark.sql.connect.service.SparkConnectServer',
  thrift: 'org.apache.spark.sql.hive.thriftserver.HiveThriftServer2',
} as const;

/** What both of them and Libra are started with, as far as it concerns them. */
const SETTINGS = {
  'spark.driver.memory': '1g',
  'spark.driver.bindAddress': '127.0.0.1',
  'spark.driver.host': 'localhost',
  'spark.scheduler.mode': 'FAIR',
  'spark.sql.session.timeZone': 'UTC',
  'spark.ui.port': '0',
  // As Libra: what the client takes is not what Spark should refuse.
  'spark.driver.maxResultSize': '0',
} as const;

/** A server that comes with Spark, started by spark-submit as its own scripts do. */
export class SparkServer {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly place: string;

  private constructor(kind: keyof typeof CLASSES, port: number, master: string) {
    this.#folder = mkdtempSync(path.join(tmpdir(), `libra-bench-${kind}-`));
    const ofKind =
      kind === 'connect'
        ? {
            'spark.connect.grpc.binding.port': String(port),
            'spark.connect.grpc.binding.address': '127.0.0.1',
          }
        : {
            'spark.sql.warehouse.dir': path.join(this.#folder, 'warehouse'),
            'spark.hadoop.hive.server2.thrift.bind.host': '127.0.0.1',
            'spark.hadoop.hive.server2.thrift.port': String(port),
          };
    const settings = Object.entries({ ...SETTINGS, ...ofKind });
    this.#process = spawn(
      path.join(sparkHome(), 'bin/spark-submit'),
      [
        ...['--master', master, '--class', CLASSES[kind]],
        ...settings.flatMap(([key, value]) => ['--conf', `${key}=${value}`]),
        'spark-internal',
      ],
      {
        cwd: this.#folder,
        stdio: 'ignore',
        env: { ...process.env, SPARK_HOME: sparkHome(), SPARK_LOCAL_IP: '127.0.0.1' },
      },
    );
    this.place = `${kind === 'connect' ? 'sc' : 'thrift'}://127.0.0.1:${port}`;
  }

  /** Returns at once: who wants to know when it answers asks it. */
  static async launch(kind: keyof typeof CLASSES, master: string): Promise<SparkServer> {
    return new SparkServer(kind, await freePort(), master);
  }

  /** The scripts of Spark replace themselves by Java. */
  get pid(): number {
    if (this.#process.pid === undefined) throw new Error('the server has no process');
    return this.#process.pid;
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
