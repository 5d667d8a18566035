/**
 * 20 times kill -9 at a random moment under a mixed load. Every job that was acknowledged has to
 * be there after the restart, with a true state, and none may be RUNNING for good.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ApiClient } from '../support/api-client.ts';
import { ServerProcess } from '../support/server-process.ts';
import { pause, say } from './figures.ts';

const KILLS = 20;
const LOAD = [
  (n: number) => `SELECT ${n} AS n`,
  (n: number) => `SELECT count(*) FROM range(${n + 200_000_000})`,
  (n: number) => `SELECT id, ${n} AS n FROM range(20000)`,
  (n: number) => `SELECT no_such_column_${n}`,
];

const dataDir = mkdtempSync(path.join(tmpdir(), 'libra-crash-'));
/** What a client was told: the last state that it saw of each job. */
const told = new Map<string, string>();
let seed = Number(process.argv[2] ?? 20_261);
const random = () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed / 2_147_483_648;
};

const load = async (api: ApiClient, isOver: () => boolean, client: number): Promise<void> => {
  for (let n = 0; !isOver(); n++) {
    const make = LOAD[(n + client) % LOAD.length];
    if (make === undefined) return;
    const retry = n % 5 === 0 ? { retry: { maxAttempts: 3, on: ['LOST'] } } : {};
    const answer = await api
      .sql(make(n), { wait: n % 2 === 0 ? '0s' : '5s', ...retry })
      .catch(() => null);
    if (answer !== null && [200, 202].includes(answer.status))
      told.set(answer.body.jobId, answer.body.state);
    else if (answer === null) return;
  }
};

try {
  for (let kill = 1; kill <= KILLS; kill++) {
    // Some are killed while the driver still starts.
    const server = await ServerProcess.start({ dataDir, untilListening: kill % 4 === 0 });
    let over = false;
    const clients = Array.from({ length: 4 }, (_, client) =>
      load(new ApiClient(server.url), () => over, client),
    );
    await pause(200 + random() * 4000);
    await server.kill();
    over = true;
    await Promise.all(clients);
  }
  const server = await ServerProcess.start({ dataDir });
  const api = new ApiClient(server.url);
  const ends = new Map<string, number>();
  const faults: string[] = [];
  for (const [id, seen] of told) {
    const { status, body } = await api.job(id);
    if (status !== 200) {
      faults.push(`${id} was acknowledged and is gone (${status})`);
      continue;
    }
    const end = await api.ended(id);
    ends.set(end.state, (ends.get(end.state) ?? 0) + 1);
    if (['SUCCESS', 'FAILED', 'CANCELLED'].includes(seen) && end.state !== seen) {
      faults.push(`${id} was told to be ${seen} and is ${end.state}`);
    }
    if (
      end.state === 'SUCCESS' &&
      (await api.get(`/api/v1/jobs/${id}/result?limit=1`)).status !== 200
    ) {
      faults.push(`${id} has lost its rows`);
    }
    if (body.state === 'RUNNING' && body.attempt === 1 && seen !== 'QUEUED') {
      faults.push(`${id} was RUNNING after the restart without a retry`);
    }
  }
  const running = await api.get<{ items: unknown[] }>('/api/v1/jobs?state=RUNNING');
  say(
    `${KILLS} kills, ${told.size} acknowledged jobs: ${[...ends].map(([state, n]) => `${n} ${state}`).join(', ')}`,
  );
  say(`${running.body.items.length} RUNNING at the end, ${faults.length} faults`);
  for (const fault of faults.slice(0, 20)) say(`  ${fault}`);
  await server.stop();
  process.exitCode = faults.length === 0 ? 0 : 1;
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}
