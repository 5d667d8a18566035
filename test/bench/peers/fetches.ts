import { pause, quantile } from '../figures.ts';
import type { Field } from './field.ts';
import { forgetPeak, peakBytes, residentBytes } from './process-use.ts';
import type { Report } from './report.ts';

const TEMPLATE = (rows: number): string =>
  `SELECT id, id * 7 AS seven, concat('row number ', id) AS name FROM range(${rows}) WHERE id <> #`;

type Form = 'arrow' | 'json' | 'rows';

/** `rows` of Spark Connect and of the Thrift server are objects of Python; they take their time. */
const FETCHES: readonly {
  readonly rows: number;
  readonly times: number;
  readonly of: readonly (readonly ['libra' | 'connect' | 'thrift', Form])[];
}[] = [
  {
    rows: 100_000,
    times: 5,
    of: [
      ['libra', 'arrow'],
      ['connect', 'arrow'],
      ['libra', 'json'],
      ['connect', 'rows'],
      ['thrift', 'rows'],
    ],
  },
  {
    rows: 1_000_000,
    times: 5,
    of: [
      ['libra', 'arrow'],
      ['connect', 'arrow'],
      ['libra', 'json'],
      ['thrift', 'rows'],
    ],
  },
  {
    rows: 10_000_000,
    times: 3,
    of: [
      ['libra', 'arrow'],
      ['connect', 'arrow'],
      ['libra', 'json'],
    ],
  },
];

const MIB = 1 << 20;
const REST_MS = 3000;

export const fetches = async (field: Field, report: Report): Promise<void> => {
  for (const { rows, times, of } of FETCHES) {
    const taken = new Map(of.map((one) => [one, { ms: [] as number[], peak: 0 }]));
    // The first of each is not counted.
    for (let round = -1; round < times; round++) {
      for (const [one, own] of taken) {
        const [subject, form] = one;
        await pause(REST_MS);
        const idle = residentBytes(field.pid(subject));
        forgetPeak(field.pid(subject));
        const answer = await field.clients[subject].ask<{ ms: number; rows: number }>({
          do: 'fetch',
          template: TEMPLATE(rows),
          form,
        });
        if (answer.rows !== rows) throw new Error(`${one}: ${answer.rows} of ${rows} rows`);
        if (round < 0) continue;
        own.ms.push(answer.ms);
        own.peak = Math.max(own.peak, peakBytes(field.pid(subject)) - idle);
      }
    }
    for (const [[subject, form], { ms, peak }] of taken) {
      const task = `${rows.toLocaleString('en')} rows as ${form === 'arrow' ? 'Arrow' : 'rows (Libra: JSON)'}`;
      report.add({
        task,
        measure: 'thousand rows a second',
        subject,
        value: rows / quantile(ms, 0.5),
      });
      report.add({ task, measure: 'MiB above idle', subject, value: peak / MIB });
    }
  }
  const most = '10,000,000 rows as Arrow';
  const rate = (task: string, subject: string) =>
    report.value(task, 'thousand rows a second', subject);
  const json = '10,000,000 rows as rows (Libra: JSON)';
  report.atLeast(
    '10 million rows as Arrow: rows a second over Spark Connect’s toArrow',
    rate(most, 'libra') / rate(most, 'connect'),
    1,
  );
  report.atMost(
    '10 million rows as Arrow: MiB above idle',
    report.value(most, 'MiB above idle', 'libra'),
    150,
  );
  report.atLeast(
    '10 million rows as JSON: rows a second over Arrow’s',
    rate(json, 'libra') / rate(most, 'libra'),
    0.5,
  );
};
