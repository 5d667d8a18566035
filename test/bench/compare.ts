/**
 * Libra beside what one would use instead, interleaved in one run on the same Spark and settings:
 * Spark Connect with pyspark, the Thrift server with PyHive, spark-submit, and the same statements
 * inside Libra's own JVM, which is the limit. `npm run bench -- PART…` runs some parts alone;
 * the figures go to bench.json.
 */
import { say } from './figures.ts';
import { fetches } from './peers/fetches.ts';
import { Field } from './peers/field.ts';
import { history } from './peers/history.ts';
import { Report } from './peers/report.ts';
import { python, sessions } from './peers/sessions.ts';
import { coldStarts, warmUps } from './peers/starts.ts';
import { statements } from './peers/statements.ts';

const ALONE = { 'cold-start': coldStarts, 'warm-up': warmUps, history } as const;
const SIDE_BY_SIDE = { statements, fetches, python, sessions } as const;

const asked = process.argv.slice(2);
const parts = [...Object.keys(ALONE), ...Object.keys(SIDE_BY_SIDE)];
const unknown = asked.filter((part) => !parts.includes(part));
if (unknown.length > 0)
  throw new Error(`no such part: ${unknown.join(', ')} (${parts.join(', ')})`);
const wanted = (part: string): boolean => asked.length === 0 || asked.includes(part);

const report = new Report();
const startedAt = new Date().toISOString();
for (const [part, run] of Object.entries(ALONE)) if (wanted(part)) await run(report);
if (Object.keys(SIDE_BY_SIDE).some(wanted)) {
  const field = await Field.start();
  try {
    for (const [part, run] of Object.entries(SIDE_BY_SIDE))
      if (wanted(part)) await run(field, report);
  } finally {
    await field.stop();
  }
}
report.print();
report.write('bench.json', { startedAt, endedAt: new Date().toISOString(), node: process.version });
say('\nwritten to bench.json');
