import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { judge, say } from '../figures.ts';

/** One number of one subject. */
export interface Figure {
  /** What was done, such as `SELECT #`. */
  readonly task: string;
  /** What was measured, such as `p50 ms`. */
  readonly measure: string;
  readonly subject: string;
  readonly value: number;
}

/** A figure that the project promises. */
interface Promised {
  readonly what: string;
  readonly value: number;
  readonly limit: string;
  readonly kept: boolean;
}

const SUBJECT = 'libra';

/** Collects what a run measures; prints it as a table, and writes it as JSON. */
export class Report {
  readonly #figures: Figure[] = [];
  readonly #promised: Promised[] = [];

  add(figure: Figure): void {
    this.#figures.push(figure);
    say(`${figure.task} | ${figure.measure} | ${figure.subject}: ${short(figure.value)}`);
  }

  /** NaN where it was not measured. */
  value(task: string, measure: string, subject: string): number {
    const found = this.#figures.find(
      (each) => each.task === task && each.measure === measure && each.subject === subject,
    );
    return found?.value ?? Number.NaN;
  }

  atMost(what: string, value: number, most: number): void {
    judge(what, value, most);
    this.#promised.push({ what, value, limit: `at most ${most}`, kept: value <= most });
  }

  atLeast(what: string, value: number, least: number): void {
    const kept = value >= least;
    say(`${what}: ${value.toFixed(2)}, at least ${least}: ${kept ? 'passes' : 'MISSES'}`);
    if (!kept) process.exitCode = 1;
    this.#promised.push({ what, value, limit: `at least ${least}`, kept });
  }

  /** A row for each task and measure: the subjects, and in brackets their ratio to Libra. */
  print(): void {
    const subjects = [...new Set(this.#figures.map(({ subject }) => subject))];
    const rows = [...new Set(this.#figures.map(({ task, measure }) => `${task}\0${measure}`))];
    say(`\n| | | ${subjects.join(' | ')} |\n|---|---|${'---|'.repeat(subjects.length)}`);
    for (const row of rows) {
      const [task = '', measure = ''] = row.split('\0');
      const ours = this.value(task, measure, SUBJECT);
      const cells = subjects.map((subject) => {
        const value = this.value(task, measure, subject);
        if (Number.isNaN(value)) return '';
        return subject === SUBJECT || Number.isNaN(ours)
          ? short(value)
          : `${short(value)} (${short(value / ours)})`;
      });
      say(`| ${task} | ${measure} | ${cells.join(' | ')} |`);
    }
    say('\n| promised | measured | |\n|---|---|---|');
    for (const { what, value, limit, kept } of this.#promised) {
      say(`| ${what}, ${limit} | ${value.toFixed(2)} | ${kept ? 'kept' : '**missed**'} |`);
    }
  }

  write(file: string, facts: Readonly<Record<string, string>>): void {
    const machine = { cores: cpus().length, processor: cpus()[0]?.model ?? 'unknown' };
    const whole = { ...facts, machine, figures: this.#figures, promised: this.#promised };
    writeFileSync(file, `${JSON.stringify(whole, null, 2)}\n`);
  }
}

const short = (value: number): string => {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
};
