const pad2 = (n: number): string => (n < 10 ? `0${n}` : String(n));

/** Java's `yyyy` that shows a sign beyond four digits: `0044`, `-0044`, `+10000`. */
const yearText = (year: number): string => {
  const digits = String(Math.abs(year)).padStart(4, '0');
  if (year < 0) return `-${digits}`;
  return year > 9999 ? `+${digits}` : digits;
};

/** Days since 1970-01-01 as a date of the proleptic Gregorian calendar, which is Spark's. */
export const dateText = (epochDay: number): string => {
  // Years that begin in March put the leap day at the end of the 400-year cycle.
  const shifted = epochDay + 719_468;
  const era = Math.floor(shifted / 146_097);
  const day = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (day - Math.floor(day / 1460) + Math.floor(day / 36_524) - Math.floor(day / 146_096)) / 365,
  );
  const dayOfYear =
    day - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${yearText(year)}-${pad2(month)}-${pad2(dayOfMonth)}`;
};

const fractionText = (micros: number): string => {
  if (micros === 0) return '';
  return `.${String(micros).padStart(6, '0').replace(/0+$/, '')}`;
};

/** A point on a local clock, its fraction cut to the digits that it needs. */
export const dateTimeText = (localSeconds: number, micros: number, separator: string): string => {
  const day = Math.floor(localSeconds / 86_400);
  const second = localSeconds - day * 86_400;
  const hour = Math.floor(second / 3600);
  const minute = Math.floor((second % 3600) / 60);
  return `${dateText(day)}${separator}${pad2(hour)}:${pad2(minute)}:${pad2(second % 60)}${fractionText(micros)}`;
};

/** An instant as whole seconds and microseconds: 64-bit microseconds do not fit a number. */
export interface Instant {
  readonly seconds: number;
  readonly micros: number;
}

const MILLION = 1_000_000n;

export const instantOf = (micros: bigint): Instant => {
  const rest = micros % MILLION;
  const below = rest < 0n ? rest + MILLION : rest;
  return { seconds: Number((micros - below) / MILLION), micros: Number(below) };
};

/** RFC 3339 in UTC; a local timestamp has no zone and so no Z. */
export const isoText = ({ seconds, micros }: Instant, suffix: 'Z' | ''): string =>
  `${dateTimeText(seconds, micros, 'T')}${suffix}`;
