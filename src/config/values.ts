import { z } from 'zod';
import { DURATION_RULE, parseDuration } from '../domain/duration.ts';

/**
 * How one value is read. YAML brings typed values and the environment brings text, so every kind
 * takes both: `8080` and `"8080"` are the same port.
 */
export interface Kind<T> {
  readonly name: string;
  /** What is accepted, in words that end the sentence "expected …". */
  readonly accepts: string;
  /** The value, or REJECTED. */
  readonly parse: (raw: unknown) => T | typeof REJECTED;
}

export const REJECTED = Symbol('rejected');

/** What a setting says about itself beside its type: the loader and the documentation read it. */
export interface SettingMeta {
  readonly kind: string;
  readonly accepts: string;
  readonly description: string;
  /** What holds when nobody sets it; null where there is nothing, or `derived` says it in words. */
  readonly fallback: unknown;
  readonly derived: string | null;
  /** The value never stands in a message. */
  readonly secret: boolean;
}

interface SettingOptions {
  readonly fallback?: unknown;
  readonly derived?: string;
  readonly secret?: boolean;
}

const metas = z.registry<SettingMeta>();

/** A leaf of the configuration: a zod type with its documentation. */
export const setting = <T>(kind: Kind<T>, description: string, options: SettingOptions = {}) => {
  const type = z.unknown().transform((raw, context): T => {
    const value = kind.parse(raw);
    if (value !== REJECTED) return value;
    context.addIssue({ code: 'custom', message: `expected ${kind.accepts}` });
    return z.NEVER;
  });
  metas.add(type, {
    kind: kind.name,
    accepts: kind.accepts,
    description,
    fallback: options.fallback ?? null,
    derived: options.derived ?? null,
    secret: options.secret ?? false,
  });
  return type as z.ZodType<T>;
};

export const settingMeta = (type: z.ZodType): SettingMeta => {
  const meta = metas.get(type);
  if (meta === undefined) throw new TypeError('a leaf of the configuration without its meta');
  return meta;
};

const scalarText = (raw: unknown): string | null => {
  if (typeof raw === 'string') return raw.trim();
  return typeof raw === 'number' || typeof raw === 'boolean' ? String(raw) : null;
};

export const text: Kind<string> = {
  name: 'text',
  accepts: 'text',
  parse: (raw) => {
    const value = scalarText(raw);
    return value === null || value === '' ? REJECTED : value;
  },
};

export const path: Kind<string> = { ...text, name: 'path', accepts: 'a path' };

/** A kind that also takes `null`, for what may be absent. */
export const orNull = <T>(kind: Kind<T>): Kind<T | null> => ({
  ...kind,
  parse: (raw) => (raw === null ? null : kind.parse(raw)),
});

export const choice = <const T extends string>(...values: readonly T[]): Kind<T> => ({
  name: values.join(' \\| '),
  accepts: `one of ${values.join(', ')}`,
  parse: (raw) => {
    const given = scalarText(raw)?.toLowerCase();
    return values.find((value) => value.toLowerCase() === given) ?? REJECTED;
  },
});

export const boolean: Kind<boolean> = {
  name: 'boolean',
  accepts: 'true or false',
  parse: (raw) => {
    const given = scalarText(raw)?.toLowerCase();
    if (given === 'true') return true;
    return given === 'false' ? false : REJECTED;
  },
};

export const integer = (min: number, max: number): Kind<number> => ({
  name: 'integer',
  accepts: `a whole number from ${min} to ${max}`,
  parse: (raw) => {
    const given = scalarText(raw);
    if (given === null || !/^-?\d{1,16}$/.test(given)) return REJECTED;
    const value = Number(given);
    return value >= min && value <= max ? value : REJECTED;
  },
});

export const positiveNumber: Kind<number> = {
  name: 'number',
  accepts: 'a number greater than 0',
  parse: (raw) => {
    const given = scalarText(raw);
    if (given === null || !/^\d{1,9}([.]\d{1,6})?$/.test(given)) return REJECTED;
    const value = Number(given);
    return value > 0 ? value : REJECTED;
  },
};

/** Milliseconds. */
export const duration: Kind<number> = {
  name: 'duration',
  accepts: DURATION_RULE,
  parse: (raw) => (typeof raw === 'string' ? (parseDuration(raw.trim()) ?? REJECTED) : REJECTED),
};

const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};

/** Bytes; the units are powers of 1024, as in Spark. */
export const bytes: Kind<number> = {
  name: 'bytes',
  accepts: 'a number of bytes greater than 0, or one with a unit such as 512KiB, 64MiB or 1GiB',
  parse: (raw) => {
    const match = /^(\d{1,15}) ?(?:([kmgt])(?:i?b)?|b)?$/i.exec(scalarText(raw) ?? '');
    if (match === null) return REJECTED;
    const value = Number(match[1]) * (BYTE_UNITS[(match[2] ?? '').toLowerCase()] ?? Number.NaN);
    return value > 0 && Number.isSafeInteger(value) ? value : REJECTED;
  },
};

const listOf = (raw: unknown): readonly unknown[] | null => {
  if (Array.isArray(raw)) return raw;
  if (typeof raw !== 'string') return null;
  if (!raw.trim().startsWith('[')) return raw.split(',').filter((item) => item.trim() !== '');
  try {
    return JSON.parse(raw);
  } catch {
    return null;
  }
};

export const textList: Kind<readonly string[]> = {
  name: 'list of text',
  accepts: 'a list of text (in the environment: separated by commas)',
  parse: (raw) => {
    const items = listOf(raw)?.map(text.parse);
    return items === undefined || items.some((item) => item === REJECTED)
      ? REJECTED
      : (items as string[]);
  },
};

/** What is ours in the environment holds tokens and paths of the store. */
const OURS = /^(LIBRA_|SPARK_CONFIG$)/;

export const variableNames: Kind<readonly string[]> = {
  name: 'list of variables',
  accepts: 'names of variables, separated by commas; none of those of Libra itself',
  parse: (raw) => {
    const names = listOf(raw)?.map((item) => String(item).trim());
    return names?.every((name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !OURS.test(name))
      ? [...new Set(names)]
      : REJECTED;
  },
};

/** A map of text to text; numbers and booleans are turned into text, a null takes a key away. */
export const textMap: Kind<Readonly<Record<string, string>>> = {
  name: 'map of text',
  accepts: 'a map of keys to text, numbers or booleans (in the environment: a JSON object)',
  parse: (raw) => {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return REJECTED;
    const entries = Object.entries(raw).filter(([, value]) => value !== null);
    return entries.every(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
      ? Object.fromEntries(entries.map(([key, value]) => [key, String(value)]))
      : REJECTED;
  },
};

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export const portRange: Kind<PortRange> = {
  name: 'range of ports',
  accepts: 'two ports from 1024 to 65535 with a hyphen, the lower one first, such as 41000-41999',
  parse: (raw) => {
    const match = /^(\d{4,5})-(\d{4,5})$/.exec(scalarText(raw) ?? '');
    const range = { first: Number(match?.[1]), last: Number(match?.[2]) };
    return range.first >= 1024 && range.last <= 65_535 && range.first < range.last
      ? range
      : REJECTED;
  },
};

const MOST_USER_IDS = 1000;
const LARGEST_USER_ID = 2 ** 31 - 1;

/** Ids of users, singly and as ranges; never root. */
export const userIds: Kind<readonly number[]> = {
  name: 'list of user ids',
  accepts: `user ids above 0, or ranges of them such as 20001-20010, at most ${MOST_USER_IDS}`,
  parse: (raw) => {
    const items = listOf(typeof raw === 'number' ? [raw] : raw);
    const ids = new Set<number>();
    for (const item of items ?? ['']) {
      const [, first, last = first] =
        /^ *(\d{1,10})(?: *- *(\d{1,10}))? *$/.exec(String(item)) ?? [];
      const from = Number(first);
      const to = Number(last);
      const valid = from > 0 && from <= to && to <= LARGEST_USER_ID && to - from < MOST_USER_IDS;
      if (!valid) return REJECTED;
      for (let id = from; id <= to; id += 1) ids.add(id);
    }
    return ids.size <= MOST_USER_IDS ? [...ids] : REJECTED;
  },
};

/** The source of a case-insensitive regular expression; Spark's leading `(?i)` is understood. */
export const pattern: Kind<string> = {
  name: 'regular expression',
  accepts: 'a regular expression',
  parse: (raw) => {
    const given = text.parse(raw);
    if (given === REJECTED) return REJECTED;
    const source = given.replace(/^\(\?i\)/, '');
    try {
      new RegExp(source, 'i');
      return source;
    } catch {
      return REJECTED;
    }
  },
};
