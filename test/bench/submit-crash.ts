/**
 * 50 programs through spark-submit, the server killed with -9 ten times on the way. Each has to
 * end as it really ended, and each program has to have run exactly once: it adds a line to a file
 * of its own. Other numbers: `npm run bench:submit-crash -- JOBS KILLS`.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ApiClient } from '../support/api-client.ts';
import { processesNaming } from '../support/process-tree.ts';
import { ServerProcess } from '../support/server-process.ts';
import { pause, say } from './figures.ts';

const JOBS = Number(process.argv[2] ?? 50);
const KILLS = Number(process.argv[3] ?? 10);
const ENDED = ['SUCCESS', 'FAILED', 'CANCELLED', 'LOST'];

/** Every fifth makes a Spark application; every third ends with a code of its own. */
const PROGRAM = `
import sys
number, file = int(sys.argv[1]), sys.argv[2]
with open(file, "a") as lines:
    lines.write("ran\\n")
if number % 5 == 0:
    from pyspark.sql import SparkSession
    print(SparkSession.builder.getOrCreate().range(number).count())
else:
    print(number)
sys.exit(3 if number % 3 == 0 else 0)
`;

const dataDir = mkdtempSync(path.join(tmpdir(), 'libra-submit-crash-'));
const program = path.join(dataDir, 'program.py');
const runs = (number: number): string => path.join(dataDir, `ran-${number}`);
let seed = 20_261;
const random = () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed / 2_147_483_648;
};

/** Ids by number: a job that was not acknowledged is sent again under its key. */
const sent = new Map<number, string>();

const send = async (api: ApiClient): Promise<void> => {
  for (let number = 1; number <= JOBS; number++) {
    if (sent.has(number)) continue;
    const answer = await api
      .statement({
        kind: 'python-file',
        filePath: program,
        args: [String(number), runs(number)],
        sparkConfig: { 'spark.driver.memory': '512m' },
        wait: '0s',
        idempotencyKey: `program-${number}`,
      })
      .catch(() => null);
    if (answer === null) return;
    if (![200, 202].includes(answer.status)) throw new Error(JSON.stringify(answer.body));
    sent.set(number, answer.body.jobId);
  }
};

const endedOf = async (api: ApiClient): Promise<number> => {
  const answer = await api.get<{ items: { state: string }[] }>('/api/v1/jobs?limit=1000');
  return answer.body.items.filter(({ state }) => ENDED.includes(state)).length;
};

try {
  writeFileSync(program, PROGRAM);
  const start = () =>
    ServerProcess.start({
      dataDir,
      untilListening: true,
      env: { LIBRA_FILES_ALLOWED_ROOTS: dataDir, SPARK_MASTER: 'local[1]' },
    });
  for (let kill = 1; kill <= KILLS; kill++) {
    const server = await start();
    const api = new ApiClient(server.url);
    await send(api);
    // The kills are spread over the work: after each of them something is still to be done.
    const goal = Math.floor((JOBS * kill) / (KILLS + 1));
    while ((await endedOf(api)) < goal) await pause(50);
    await pause(random() * 1000);
    await server.kill();
  }
  const server = await start();
  const api = new ApiClient(server.url);
  await send(api);
  const faults: string[] = [];
  const ends = new Map<string, number>();
  for (const [number, id] of sent) {
    const end = await api.ended(id);
    ends.set(end.state, (ends.get(end.state) ?? 0) + 1);
    const wanted = number % 3 === 0 ? 'FAILED' : 'SUCCESS';
    if (end.state !== wanted) {
      faults.push(`${number} is ${end.state} and not ${wanted}: ${JSON.stringify(end.error)}`);
    } else if (end.state === 'SUCCESS' && end.result !== `${number}\n`) {
      faults.push(`${number} printed ${JSON.stringify(end.result)}`);
    }
    const ran = existsSync(runs(number)) ? readFileSync(runs(number), 'utf8') : '';
    if (ran !== 'ran\n') faults.push(`${number} ran ${ran.split('\n').length - 1} times`);
  }
  // A client sees the end a moment before the last folder goes.
  const left = () => readdirSync(path.join(dataDir, 'data', 'programs'));
  for (let look = 0; left().length > 0 && look < 100; look++) await pause(100);
  if (left().length > 0) faults.push(`folders are left: ${left().join(', ')}`);
  await server.stop();
  const processes = processesNaming(dataDir);
  if (processes.length > 0) faults.push(`processes are left: ${processes.join(', ')}`);
  say(
    `${KILLS} kills, ${sent.size} programs: ${[...ends].map(([state, n]) => `${n} ${state}`).join(', ')}`,
  );
  say(`each ran exactly once and ended as it really did, but for ${faults.length} faults`);
  for (const fault of faults.slice(0, 20)) say(`  ${fault}`);
  process.exitCode = faults.length === 0 ? 0 : 1;
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}
