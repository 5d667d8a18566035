import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient, type JobBody } from '../support/api-client.ts';
import { makeJar } from '../support/java-jars.ts';
import { descendants, filesBelow, threadsOf } from '../support/process-tree.ts';
import { ServerProcess } from '../support/server-process.ts';
import { sparkHome } from '../support/spark-home.ts';

/** Code that tries to take the driver along, and how it ends; null is cancelled by the test. */
const PYTHON: readonly [string, string, string | null][] = [
  ['an exit', 'import sys; sys.exit(3)', 'PROGRAM_EXITED'],
  ['an exit without clean-up', 'import os; os._exit(7)', 'PROGRAM_EXITED'],
  ['an abort', 'import os; os.abort()', 'PROGRAM_DIED'],
  ['a segmentation fault', 'import ctypes; ctypes.string_at(0)', 'PROGRAM_DIED'],
  ['a kill of its whole group', 'import os; os.killpg(0, 9)', 'PROGRAM_DIED'],
  [
    'a fork that goes on',
    'import os\nif os.fork() == 0:\n    raise ValueError("child")\nos.wait()\nprint("parent")',
    'SUCCESS',
  ],
  ['an end of the gateway', 'sc._gateway.shutdown(); print(spark.range(3).count())', 'SUCCESS'],
  ['a stop of Spark', 'spark.stop(); sc.stop(); print(spark.range(3).count())', 'SUCCESS'],
  [
    'a daemon left behind',
    'import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(600)\n    os._exit(0)\nprint("left")',
    'SUCCESS',
  ],
  [
    'a child that holds the output open',
    'import subprocess; subprocess.Popen(["sleep", "600"]); print("left")',
    'SUCCESS',
  ],
  [
    'a thread that never ends',
    'import threading\ndef spin():\n    while True: pass\nthreading.Thread(target=spin, daemon=True).start()\nprint("left")',
    'SUCCESS',
  ],
  ['an endless loop', 'while True: pass', null],
  [
    'an endless loop that swallows everything',
    'while True:\n    try:\n        while True: pass\n    except BaseException: pass',
    null,
  ],
  ['an endless query', 'spark.range(10**13).selectExpr("sum(hash(id))").collect()', null],
  ['100 MB of prints', 'for _ in range(100): print("x" * 1_000_000)', 'SUCCESS'],
  ['closed outputs', 'import os; os.close(1); os.close(2)', 'SUCCESS'],
  ['a deep recursion', 'import sys; sys.setrecursionlimit(10**8)\ndef f(): f()\nf()', null],
];

const JAVA: readonly [string, string, string | null][] = [
  ['Exit', 'System.exit(3);', 'PROGRAM_EXITED'],
  ['Halt', 'Runtime.getRuntime().halt(4);', 'PROGRAM_EXITED'],
  [
    'ExitByReference',
    'java.util.function.IntConsumer exit = System::exit; exit.accept(5);',
    'PROGRAM_EXITED',
  ],
  [
    'StubbornExit',
    'while (true) { try { System.exit(6); } catch (Throwable e) { } }',
    'PROGRAM_EXITED',
  ],
  [
    'StopSpark',
    'org.apache.spark.sql.SparkSession s = org.apache.spark.sql.SparkSession.builder().getOrCreate(); s.stop(); System.out.println(s.range(3).count());',
    'SUCCESS',
  ],
  ['Overflow', 'main(args);', 'PROGRAM_FAILED'],
  ['Guardian', 'System.setSecurityManager(new SecurityManager());', 'PROGRAM_FAILED'],
  ['Input', 'if (System.in.read() != -1) throw new Exception("input");', 'SUCCESS'],
  ['Spin', 'long n = 0; while (true) { n++; }', null],
  [
    'StubbornSpin',
    'while (true) { try { while (true) { Thread.sleep(10); } } catch (Throwable e) { } }',
    null,
  ],
  [
    'LeftThread',
    'Thread t = new Thread(() -> { while (true) { } }); t.setDaemon(true); t.start();',
    'SUCCESS',
  ],
  [
    'Printer',
    'for (int i = 0; i < 100; i++) System.out.println("x".repeat(1_000_000));',
    'SUCCESS',
  ],
];

let folder: string;
let jar: string;
let server: ServerProcess;
let api: ApiClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'libra-abuse-'));
  jar = join(folder, 'abuse.jar');
  const main = (body: string) =>
    `public static void main(String[] args) throws Exception { ${body} }`;
  makeJar(
    jar,
    Object.fromEntries(JAVA.map(([name, body]) => [`org.example.${name}`, main(body)])),
    sparkHome(),
  );
  server = await ServerProcess.start({ env: { LIBRA_FILES_ALLOWED_ROOTS: folder } });
  api = new ApiClient(server.url);
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs one; an end of null means that it goes on until it is cancelled. */
const attack = async (statement: Record<string, unknown>, end: string | null): Promise<void> => {
  const { body } = await api.statement({ ...statement, wait: end === null ? '0s' : '10m' });
  const ended = end === null ? await cancelled(body) : body;
  const seen = ended.error?.code ?? ended.state;
  expect([statement.name, end === null ? ended.state : seen]).toEqual([
    statement.name,
    end === null && ended.state !== 'FAILED' ? 'CANCELLED' : (end ?? 'FAILED'),
  ]);
};

const cancelled = async ({ jobId }: JobBody): Promise<JobBody> => {
  await api.reached(jobId, 'RUNNING', 'FAILED', 'CANCELLED');
  await api.cancel(jobId);
  return api.ended(jobId);
};

const attackAll = async (): Promise<void> => {
  for (const [name, code, end] of PYTHON) await attack({ kind: 'python', name, code }, end);
  for (const [name, , end] of JAVA) {
    const mainClass = `org.example.${name}`;
    await attack({ kind: 'jar-class', name, filePath: jar, mainClass }, end);
  }
};

const applicationId = async (): Promise<string> => {
  const { body } = await api.get<{ readonly appId: string }>('/api/v1/sessions/default');
  return body.appId;
};

/** What an attack could leave behind. Interpreters that wait for their job are always made anew. */
const holdings = () => ({
  processes: descendants(server.pid).length,
  // Shuffle files are Spark's, which removes them when their query is garbage.
  files: filesBelow(join(server.dataDir, 'data', 'tmp')).filter((file) => !/blockmgr/.test(file))
    .length,
});

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 100));
};

describe('a driver that runs hostile code by accident', () => {
  it('goes on as it was, with nothing left over', async () => {
    const before = await applicationId();
    await attackAll();
    await api.sql('SELECT 1');
    const settled = { ...holdings(), threads: threadsOf(server.pid) };
    await attackAll();
    await until(() => {
      const now = holdings();
      return now.processes <= settled.processes && now.files <= settled.files;
    });
    // Threads of Spark's pools end when they were idle for a minute; one left by each attack, 25,
    // would not.
    await until(() => threadsOf(server.pid) <= settled.threads + 8);
    const { body } = await api.statement({ kind: 'python', code: 'print(spark.range(7).count())' });
    expect([body.state, body.result]).toEqual(['SUCCESS', '7\n']);
    expect(await applicationId()).toBe(before);
  }, 600_000);
});
