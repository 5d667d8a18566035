import { quantile } from '../figures.ts';
import { type Field, SUBJECTS, type Subject } from './field.ts';
import { processorMs } from './process-use.ts';
import type { Report } from './report.ts';

export const CONSTANT = 'SELECT #';
/** As in the README; the second condition varies, so that no cache can answer. */
export const RANGE = 'SELECT * FROM range(100) WHERE id > 50 AND id < #';
export const COUNT = 'SELECT count(*) FROM range(1000000) WHERE id <> #';
const GROUPS = 'SELECT id % 7 AS k, count(*) FROM range(#, # + 500) GROUP BY 1';

const TASKS = [CONSTANT, RANGE, GROUPS, COUNT];
const CLIENTS = [1, 8, 32];
const ROUNDS = 5;
const ROUND_MS = 2000;
/** A JVM compiles what it often does: that is not what is measured. */
const WARM_MS = 20_000;

interface Runs {
  readonly times: number[];
  processorMs: number;
}

/** All of them in turn, in another order each round. */
const interleaved = async (
  field: Field,
  template: string,
  parallel: number,
): Promise<ReadonlyMap<Subject, Runs>> => {
  const runs = new Map<Subject, Runs>(
    SUBJECTS.map((each) => [each, { times: [], processorMs: 0 }]),
  );
  for (const subject of SUBJECTS) {
    await field.loop(subject, { template, parallel, ms: WARM_MS / CLIENTS.length });
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (let n = 0; n < SUBJECTS.length; n++) {
      const subject = SUBJECTS[(round + n) % SUBJECTS.length] as Subject;
      const own = runs.get(subject) as Runs;
      const before = processorMs(field.pid(subject));
      own.times.push(...(await field.loop(subject, { template, parallel, ms: ROUND_MS })));
      own.processorMs += processorMs(field.pid(subject)) - before;
    }
  }
  return runs;
};

export const statements = async (field: Field, report: Report): Promise<void> => {
  for (const task of TASKS) {
    for (const parallel of CLIENTS) {
      for (const [subject, runs] of await interleaved(field, task, parallel)) {
        const add = (measure: string, value: number) =>
          report.add({ task, measure, subject, value });
        if (parallel === 1) {
          add('p50 ms', quantile(runs.times, 0.5));
          add('p95 ms', quantile(runs.times, 0.95));
          add('server CPU ms', runs.processorMs / runs.times.length);
        }
        const seconds = (ROUNDS * ROUND_MS) / 1000;
        add(
          `a second, ${parallel} client${parallel === 1 ? '' : 's'}`,
          runs.times.length / seconds,
        );
      }
    }
  }
  judgeStatements(report);
};

const judgeStatements = (report: Report): void => {
  const p50 = (task: string, subject: Subject) => report.value(task, 'p50 ms', subject);
  const rate = (task: string, subject: Subject) =>
    report.value(task, 'a second, 8 clients', subject);
  report.atMost(
    `${CONSTANT} over HTTP above the JVM at p50, in ms`,
    p50(CONSTANT, 'libra') - p50(CONSTANT, 'jvm'),
    3,
  );
  for (const [task, latency, throughput] of [
    [CONSTANT, 0.25, 4],
    [RANGE, 0.7, 1.5],
  ] as const) {
    report.atMost(
      `${task}: latency over Spark Connect's`,
      p50(task, 'libra') / p50(task, 'connect'),
      latency,
    );
    report.atLeast(
      `${task}: 8 clients over 8 threads of the JVM`,
      rate(task, 'libra') / rate(task, 'jvm'),
      0.9,
    );
    report.atLeast(
      `${task}: 8 clients over Spark Connect's`,
      rate(task, 'libra') / rate(task, 'connect'),
      throughput,
    );
  }
};
