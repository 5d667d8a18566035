/**
 * 30 random faults under a load of mixed jobs: drivers killed, stopped and out of memory, the
 * server killed, its application removed by the master. Every job that was acknowledged has to be
 * there with a true state, none with a key may have run twice, and nothing may be left. The same
 * seed gives the same faults in the same order: `npm run bench:faults -- FAULTS SEED`.
 */
import { FAULTS, type FaultKind, FaultRun, type Recovery } from '../support/faults.ts';
import { judge, pause, say } from './figures.ts';

const COUNT = Number(process.argv[2] ?? 30);
const SEED = Number(process.argv[3] ?? Math.floor(Math.random() * 1_000_000));
const GREEN_SECONDS = 30;
/** Of the server's own end: nothing of it outlives that for longer. */
const CLEARED_SECONDS = 10;
const MOST_PAUSE_MS = 5000;

let state = SEED;
const random = (): number => {
  state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
  return state / 2_147_483_648;
};

/** As many of each kind as can be, in a random order. */
const faults = Array.from({ length: COUNT }, (_, n) => FAULTS[n % FAULTS.length] as FaultKind)
  .map((kind) => ({ kind, order: random() }))
  .sort((a, b) => a.order - b.order)
  .map(({ kind }) => kind);

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const recoveries = new Map<FaultKind, Recovery[]>(FAULTS.map((kind) => [kind, []]));
const longest = (kind: FaultKind, of: keyof Recovery): number =>
  Math.max(0, ...(recoveries.get(kind) ?? []).map((recovery) => recovery[of]));

say(`${COUNT} faults, seed ${SEED}`);
const run = await FaultRun.start();
try {
  for (const [n, kind] of faults.entries()) {
    await pause(random() * MOST_PAUSE_MS);
    const recovery = await run.suffer(kind, random);
    recoveries.get(kind)?.push(recovery);
    say(
      `${n + 1}. ${kind}: green after ${seconds(recovery.green)}, a job answered after` +
        ` ${seconds(recovery.answered)}, all gone after ${seconds(recovery.cleared)}`,
    );
  }
  const { jobs, refused, repeated, ends, wrong } = await run.finish();
  say('\nthe longest of each kind');
  for (const [kind, all] of recoveries) {
    const [green, answered, cleared] = (['green', 'answered', 'cleared'] as const).map((of) =>
      seconds(longest(kind, of)),
    );
    say(`  ${kind} (${all.length}): green ${green}, answered ${answered}, all gone ${cleared}`);
  }
  const states = [...ends].map(([end, n]) => `${n} ${end}`).join(', ');
  say(`${jobs} acknowledged jobs: ${states}; ${refused} refused, ${repeated} sent again by key`);
  for (const fault of wrong.slice(0, 20)) say(`  ${fault}`);
  judge('jobs missing, false or run twice, and what is left', wrong.length, 0);
  judge(
    'health green again, longest in s',
    Math.max(...FAULTS.map((kind) => longest(kind, 'green'))) / 1000,
    GREEN_SECONDS,
  );
  judge(
    'nothing left of a killed server, longest in s',
    longest('server killed', 'cleared') / 1000,
    CLEARED_SECONDS,
  );
} catch (fault) {
  say(run.output.slice(-4000));
  throw fault;
} finally {
  await run.close();
}
