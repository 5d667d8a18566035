import { dateTimeText, type Instant } from './civil-time.ts';

/** Seconds to add to UTC at a time given in seconds since the epoch. */
export type ZoneOffset = (epochSeconds: number) => number;

/** The three-letter names that Spark resolves by java.time.ZoneId.SHORT_IDS. */
const SHORT_IDS: Readonly<Record<string, string>> = {
  EST: '-05:00',
  HST: '-10:00',
  MST: '-07:00',
  ACT: 'Australia/Darwin',
  AET: 'Australia/Sydney',
  AGT: 'America/Argentina/Buenos_Aires',
  ART: 'Africa/Cairo',
  AST: 'America/Anchorage',
  BET: 'America/Sao_Paulo',
  BST: 'Asia/Dhaka',
  CAT: 'Africa/Harare',
  CNT: 'America/St_Johns',
  CST: 'America/Chicago',
  CTT: 'Asia/Shanghai',
  EAT: 'Africa/Addis_Ababa',
  ECT: 'Europe/Paris',
  IET: 'America/Indiana/Indianapolis',
  IST: 'Asia/Kolkata',
  JST: 'Asia/Tokyo',
  MIT: 'Pacific/Apia',
  NET: 'Asia/Yerevan',
  NST: 'Pacific/Auckland',
  PLT: 'Asia/Karachi',
  PNT: 'America/Phoenix',
  PRT: 'America/Puerto_Rico',
  PST: 'America/Los_Angeles',
  SST: 'Pacific/Guadalcanal',
  VST: 'Asia/Ho_Chi_Minh',
};

const FIXED = /^(?:UTC|GMT|UT)?(?:([+-])(\d{1,2})(?::?(\d{1,2})(?::?(\d{1,2}))?)?)?$/;

const fixedOffset = (zone: string): number | null => {
  if (zone === 'Z') return 0;
  const match = FIXED.exec(zone);
  if (match === null) return null;
  const [, sign, hours, minutes, seconds] = match;
  const total = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
  return sign === '-' ? -total : total;
};

const FOUR_CENTURIES = 12_622_780_800;
const YEAR_10000 = 253_402_300_800;
const FIRST_DATE = -8_640_000_000_000;

/** The calendar repeats every 400 years, and so do the rules of a zone; Intl ends at ±275760. */
const withinIntl = (epochSeconds: number): number =>
  epochSeconds < YEAR_10000
    ? Math.max(epochSeconds, FIRST_DATE)
    : epochSeconds - FOUR_CENTURIES * Math.ceil((epochSeconds - YEAR_10000 + 1) / FOUR_CENTURIES);

const intlOffset = (zone: string): ZoneOffset => {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  return (epochSeconds) => {
    const parts = format.formatToParts(withinIntl(epochSeconds) * 1000);
    const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
    return fixedOffset(name) ?? 0;
  };
};

const DAY = 86_400;
const REMEMBERED_DAYS = 20_000;

/** Intl takes microseconds for each answer: a day without a change of offset is asked for once. */
const remembered = (exact: ZoneOffset): ZoneOffset => {
  const days = new Map<number, number | null>();
  const ofDay = (day: number): number | null => {
    const first = exact(day * DAY);
    return first === exact((day + 1) * DAY) ? first : null;
  };
  return (epochSeconds) => {
    const day = Math.floor(epochSeconds / DAY);
    let offset = days.get(day);
    if (offset === undefined) {
      if (days.size >= REMEMBERED_DAYS) days.clear();
      offset = ofDay(day);
      days.set(day, offset);
    }
    return offset ?? exact(epochSeconds);
  };
};

/** The offsets of a session time zone as Spark names it: a region, an offset or a short id. */
export const zoneOffset = (name: string): ZoneOffset => {
  const zone = SHORT_IDS[name] ?? name;
  const fixed = fixedOffset(zone);
  return fixed === null ? remembered(intlOffset(zone)) : () => fixed;
};

/** A timestamp on the clock of the zone, as Spark's cast prints it. */
export const zonedText = ({ seconds, micros }: Instant, offset: ZoneOffset): string =>
  dateTimeText(seconds + offset(seconds), micros, ' ');
