import { Embedded, type Loop } from './embedded.ts';
import { PythonClient } from './python-client.ts';
import { SparkServer } from './spark-server.ts';

export const MASTER = 'local[2]';
export const SUBJECTS = ['libra', 'jvm', 'connect', 'thrift'] as const;
export type Subject = (typeof SUBJECTS)[number];

const START_SECONDS = 120;

/** Libra and what it is measured against, all of them up at the same time on one machine. */
export class Field {
  readonly libra: Embedded;
  readonly servers: Readonly<Record<'connect' | 'thrift', SparkServer>>;
  readonly clients: Readonly<Record<'libra' | 'connect' | 'thrift', PythonClient>>;

  private constructor(libra: Embedded, servers: Field['servers'], clients: Field['clients']) {
    this.libra = libra;
    this.servers = servers;
    this.clients = clients;
  }

  static async start(): Promise<Field> {
    const libra = await Embedded.start();
    const connect = await SparkServer.launch('connect', MASTER);
    const thrift = await SparkServer.launch('thrift', MASTER);
    const clients = {
      libra: await PythonClient.start('libra', libra.url),
      connect: await PythonClient.start('connect', connect.place),
      thrift: await PythonClient.start('thrift', thrift.place),
    };
    for (const client of Object.values(clients)) {
      await client.ask({ do: 'first', template: 'SELECT 1', limit: START_SECONDS });
    }
    return new Field(libra, { connect, thrift }, clients);
  }

  /** Of the server that does the work. */
  pid(subject: Subject): number {
    return subject === 'libra' || subject === 'jvm' ? this.libra.pid : this.servers[subject].pid;
  }

  loop(subject: Subject, loop: Loop): Promise<readonly number[]> {
    switch (subject) {
      case 'libra':
        return this.libra.overHttp(loop);
      case 'jvm':
        return this.libra.insideTheJvm(loop);
      case 'connect':
      case 'thrift':
        return this.clients[subject].ask({ do: 'loop', ...loop });
      default:
        return subject satisfies never;
    }
  }

  async stop(): Promise<void> {
    for (const client of Object.values(this.clients)) await client.stop();
    for (const server of Object.values(this.servers)) await server.stop();
    await this.libra.stop();
  }
}
