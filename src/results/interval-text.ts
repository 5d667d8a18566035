import type { DayTimeField, YearMonthField } from './spark-type.ts';

const pad2 = (n: bigint): string => String(n).padStart(2, '0');

/** `INTERVAL '1-2' YEAR TO MONTH`, in the range of fields that the type has. */
export const yearMonthText = (months: number, from: YearMonthField, to: YearMonthField): string => {
  const sign = months < 0 ? '-' : '';
  const all = Math.abs(months);
  if (from === 'month') return `INTERVAL '${sign}${all}' MONTH`;
  const years = Math.floor(all / 12);
  if (to === 'year') return `INTERVAL '${sign}${years}' YEAR`;
  return `INTERVAL '${sign}${years}-${all % 12}' YEAR TO MONTH`;
};

const FIELDS: readonly DayTimeField[] = ['day', 'hour', 'minute', 'second'];
const MICROS = [86_400_000_000n, 3_600_000_000n, 60_000_000n, 1_000_000n] as const;
/** What stands before each field when it is not the first. */
const BEFORE = ['', ' ', ':', ':'] as const;

const fraction = (micros: bigint): string =>
  micros === 0n ? '' : `.${String(micros).padStart(6, '0').replace(/0+$/, '')}`;

/** `INTERVAL '1 02:03:04.5' DAY TO SECOND`; the first field takes what the missing ones would hold. */
export const dayTimeText = (micros: bigint, from: DayTimeField, to: DayTimeField): string => {
  const first = FIELDS.indexOf(from);
  const last = FIELDS.indexOf(to);
  let rest = micros < 0n ? -micros : micros;
  let text = micros < 0n ? '-' : '';
  for (let field = first; field <= last; field++) {
    const unit = MICROS[field] as bigint;
    const amount = rest / unit;
    rest %= unit;
    text += (field === first ? '' : BEFORE[field]) + (field === 0 ? String(amount) : pad2(amount));
  }
  if (to === 'second') text += fraction(rest);
  const range = from === to ? from : `${from} to ${to}`;
  return `INTERVAL '${text}' ${range.toUpperCase()}`;
};

const secondsText = (micros: bigint): string => {
  const all = micros < 0n ? -micros : micros;
  return `${micros < 0n ? '-' : ''}${all / 1_000_000n}${fraction(all % 1_000_000n)}`;
};

/** `1 years 2 months 3 days 4 hours 5 minutes 6.5 seconds`: each part with its own sign. */
export const calendarIntervalText = (months: number, days: number, micros: bigint): string => {
  const parts: string[] = [];
  const add = (amount: number | bigint, unit: string) => {
    if (amount !== 0 && amount !== 0n) parts.push(`${amount} ${unit}`);
  };
  add(Math.trunc(months / 12) + 0, 'years');
  add((months % 12) + 0, 'months');
  add(days, 'days');
  add(micros / 3_600_000_000n, 'hours');
  add((micros / 60_000_000n) % 60n, 'minutes');
  const seconds = micros % 60_000_000n;
  if (seconds !== 0n) parts.push(`${secondsText(seconds)} seconds`);
  return parts.length === 0 ? '0 seconds' : parts.join(' ');
};
