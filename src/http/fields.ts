import { z } from 'zod';
import { DURATION_RULE, parseDuration } from '../domain/duration.ts';
import { NAME_PATTERN, NAME_RULE } from '../domain/ids.ts';
import { isWeight, WEIGHT_RULE } from '../domain/pool.ts';

/** Every field says the same sentence whatever was wrong with it: what it accepts. */
export const accepts = (what: string) => ({
  error: (issue: { readonly input?: unknown }) =>
    issue.input === undefined ? `is required; accepts ${what}` : `accepts ${what}`,
});

export const text = (min: number, max: number, what?: string) => {
  const rule = accepts(
    what ?? (min === 0 ? `text of up to ${max} characters` : `text of ${min} to ${max} characters`),
  );
  return z.string(rule).min(min, rule).max(max, rule);
};

export const nonEmptyText = (what: string) => {
  const rule = accepts(`non-empty text: ${what}`);
  return z.string(rule).regex(/\S/, rule);
};

/** Text that can be an argument of a program, or code: it has to reach the other side as it is. */
const isWhole = (value: string): boolean => !/[\0\p{Surrogate}]/u.test(value);

export const codeOf = (what: string, maxBytes: number) => {
  const rule = accepts(
    `non-empty text: ${what}, of up to ${maxBytes / 1024} KiB, without NUL characters`,
  );
  return z
    .string(rule)
    .regex(/\S/, rule)
    .refine((value) => Buffer.byteLength(value) <= maxBytes && isWhole(value), rule);
};

/** Within what operating systems take: one argument of Linux is at most 128 KiB. */
const ARGS = { most: 1000, bytes: 32 * 1024, together: 512 * 1024 } as const;

export const programArgs = () => {
  const one = accepts(`text of up to ${ARGS.bytes / 1024} KiB, without NUL characters`);
  const all = accepts(
    `a list of up to ${ARGS.most} texts, together up to ${ARGS.together / 1024} KiB`,
  );
  return z
    .array(
      z
        .string(one)
        .refine((arg) => Buffer.byteLength(arg) <= ARGS.bytes, one)
        .refine(isWhole, one),
      all,
    )
    .max(ARGS.most, all)
    .refine(
      (args) => args.reduce((sum, arg) => sum + Buffer.byteLength(arg), 0) <= ARGS.together,
      all,
    );
};

/** As Java's Class.forName takes it: a nested class behind a dollar sign. */
export const className = () => {
  const rule = accepts(
    'the full name of a class, such as com.acme.Report or com.acme.Report$Daily',
  );
  const part = '[\\p{L}_$][\\p{L}\\p{N}_$]*';
  return z
    .string(rule)
    .max(512, rule)
    .regex(new RegExp(`^${part}([.]${part})*$`, 'u'), rule);
};

export const name = () => {
  const rule = accepts(`a name: ${NAME_RULE}`);
  return z.string(rule).regex(NAME_PATTERN, rule);
};

export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, accepts(values.length === 1 ? `${values[0]}` : `one of ${values.join(', ')}`));

export const wholeNumber = (min: number, max: number) => {
  const rule = accepts(`a whole number from ${min} to ${max}`);
  return z.int(rule).min(min, rule).max(max, rule);
};

/** Two places are what Spark can be told. */
export const weight = () => {
  const rule = accepts(WEIGHT_RULE);
  return z.number(rule).refine(isWeight, rule);
};

/** A duration as text in, milliseconds out. */
export const duration = (min: string, max: string) => {
  const rule = accepts(`${DURATION_RULE}; at least ${min} and at most ${max}`);
  const [least, most] = [parseDuration(min) ?? 0, parseDuration(max) ?? Number.MAX_SAFE_INTEGER];
  return z
    .string(rule)
    .regex(/^\d{1,12}(ms|s|m|h)$/, rule)
    .transform((value, context) => {
      const milliseconds = parseDuration(value);
      if (milliseconds !== null && milliseconds >= least && milliseconds <= most) {
        return milliseconds;
      }
      context.addIssue({ code: 'custom', input: value, message: rule.error({ input: value }) });
      return z.NEVER;
    });
};

/**
 * Settings of Spark: numbers and booleans become the text that Spark reads. Which keys and values
 * there may be is for the core to say.
 */
export const settings = () =>
  z.record(
    z.string(),
    z
      .union(
        [z.string(), z.number(), z.boolean()],
        accepts('text, a number, true or false for each setting'),
      )
      .transform(String),
    accepts('an object of settings: text, numbers, true or false by key'),
  );

const TAG_RULE =
  'an object of up to 50 tags: keys of 1 to 128 characters without = and values of up to 256';

export const tags = () => {
  const rule = accepts(TAG_RULE);
  return z
    .record(z.string(rule).regex(/^[^=\s][^=]{0,127}$/, rule), z.string(rule).max(256, rule), rule)
    .refine((map) => Object.keys(map).length <= 50, rule);
};

const KEY_RULE = accepts('1 to 255 visible ASCII characters');
export const idempotencyKey = () => z.string(KEY_RULE).regex(/^[\x21-\x7e]{1,255}$/, KEY_RULE);

// Query strings: everything arrives as text, and a repeated parameter as a list. The metadata is
// what the documentation shows instead of that text.

export const queryNumber = (min: number, max: number) => {
  const rule = accepts(`a whole number from ${min} to ${max}`);
  return z
    .string(rule)
    .regex(/^-?\d{1,16}$/, rule)
    .transform((value, context) => {
      const number = Number(value);
      if (number >= min && number <= max) return number;
      context.addIssue({ code: 'custom', input: value, message: rule.error({ input: value }) });
      return z.NEVER;
    })
    .meta({ type: 'integer', minimum: min, maximum: max });
};

/** One or several values, repeated or separated by commas. */
export const queryList = <const T extends readonly [string, ...string[]]>(values: T) => {
  const rule = accepts(`one or more of ${values.join(', ')}, separated by commas or repeated`);
  return z
    .union([z.string(), z.array(z.string())], rule)
    .transform((value, context) => {
      const wanted = [value].flat().flatMap((part) => part.split(','));
      if (wanted.every((part) => values.includes(part))) return wanted as T[number][];
      context.addIssue({ code: 'custom', input: value, message: rule.error({ input: value }) });
      return z.NEVER;
    })
    .meta({ type: 'array', items: { type: 'string', enum: values } });
};

/** A time in, milliseconds since the epoch out. */
export const queryTime = () => {
  const rule = accepts('a time in RFC 3339, such as 2025-11-03T10:00:00Z');
  return z.iso.datetime({ offset: true, ...rule }).transform((value) => Date.parse(value));
};
