import { type FieldFault, Problem } from './errors.ts';
import type { JobKind } from './job.ts';
import { COUNT_SETTINGS, SIZE_SETTINGS } from './spark-settings.ts';

type Settings = Readonly<Record<string, string>>;

const MOST_SETTINGS = 200;
const LONGEST_KEY = 256;
const LONGEST_VALUE = 32 * 1024;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is about.
const CONTROL = /[\u0000-\u001f\u007f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is about.
const KEY = /^spark\.[^\s=\u0000-\u001f\u007f]+$/;

/** Spark's own pattern: a whole number with a unit, in either case. */
const SIZE = /^-?\d{1,18}(b|[kmgtp]b?)?$/i;
/** The driver's heap goes to the JVM as it is, which knows no `gb`. */
const HEAP = /^[1-9]\d{0,17}[kmgt]$/i;
const MOST_COUNTED = 2 ** 31 - 1;

/**
 * What can be said against settings without asking Spark: 400 for what is malformed, 403 for what
 * the server does not allow. Each fault names its key, and never a value: it may be a secret.
 */
export const checkSettings = (settings: Settings, denied: readonly string[]): void => {
  const keys = Object.keys(settings);
  if (keys.length > MOST_SETTINGS) {
    throw new Problem('INVALID_REQUEST', `There are ${keys.length} settings in sparkConfig.`, {
      errors: [{ field: 'sparkConfig', message: `accepts up to ${MOST_SETTINGS} settings` }],
    });
  }
  refuse(
    'INVALID_REQUEST',
    'No settings of Spark',
    keys.filter((key) => key.length > LONGEST_KEY || !KEY.test(key)),
    () =>
      `accepts keys that start with "spark.", have up to ${LONGEST_KEY} characters, and hold no space, line break or "="`,
  );
  const forbidden = keys.filter((key) => denied.some((pattern) => matches(key, pattern)));
  refuse(
    'SETTING_DENIED',
    'This server does not let jobs set',
    forbidden,
    () => 'is denied by libra.spark-config.denied',
  );
  const malformed = new Map(
    Object.entries(settings).flatMap(([key, value]) => {
      const rule = brokenRule(key, value);
      return rule === null ? [] : [[key, rule]];
    }),
  );
  refuse(
    'INVALID_REQUEST',
    'Not valid',
    [...malformed.keys()],
    (key) => `accepts ${malformed.get(key)}`,
  );
};

/** Spark refuses Python in cluster mode on a standalone master; `master` is the server's own. */
export const checkDeployMode = (kind: JobKind, settings: Settings, master: string): void => {
  if (kind !== 'python' && kind !== 'python-file') return;
  if (settings['spark.submit.deployMode'] !== 'cluster') return;
  if (!(settings['spark.master'] ?? master).startsWith('spark://')) return;
  throw new Problem(
    'INVALID_REQUEST',
    'Spark does not run Python in cluster mode on a standalone master: leave spark.submit.deployMode out, or set it to client.',
    {
      errors: [
        {
          field: 'sparkConfig.spark.submit.deployMode',
          message: 'accepts client for Python on a standalone master',
        },
      ],
    },
  );
};

const refuse = (
  code: 'INVALID_REQUEST' | 'SETTING_DENIED',
  what: string,
  keys: readonly string[],
  messageOf: (key: string) => string,
): void => {
  if (keys.length === 0) return;
  const errors: FieldFault[] = keys.map((key) => ({
    field: `sparkConfig.${key}`,
    message: messageOf(key),
  }));
  const [only] = errors;
  const reason = keys.length === 1 && code === 'INVALID_REQUEST' ? `: it ${only?.message}` : '';
  throw new Problem(code, `${what}: ${keys.map(shown).join(', ')}${reason}.`, { errors });
};

/** Quoted where it is no name: a line break must not look like the end of the list. */
const shown = (key: string): string => {
  const short = key.length > LONGEST_KEY ? `${key.slice(0, LONGEST_KEY)}…` : key;
  return KEY.test(short) ? short : JSON.stringify(short);
};

/** Spark's keys have a case, but nobody gets around a rule by it. */
const matches = (key: string, pattern: string): boolean => {
  const [given, wanted] = [key.toLowerCase(), pattern.toLowerCase()];
  if (wanted.endsWith('*')) return given.startsWith(wanted.slice(0, -1));
  return wanted.endsWith('.') ? given.startsWith(wanted) : given === wanted;
};

const brokenRule = (key: string, value: string): string | null => {
  if (CONTROL.test(value)) return 'a value without line breaks and other control characters';
  if (Buffer.byteLength(value) > LONGEST_VALUE) return 'a value of up to 32 KiB';
  const given = value.trim();
  if (key === 'spark.driver.memory') {
    return HEAP.test(given) ? null : 'a size with one of the units k, m, g, t, such as 2g';
  }
  if (SIZE_SETTINGS.has(key)) {
    return SIZE.test(given)
      ? null
      : 'a whole number with one of the units b, k, m, g, t, p, such as 2g';
  }
  const least = Object.hasOwn(COUNT_SETTINGS, key) ? COUNT_SETTINGS[key] : undefined;
  if (least !== undefined) {
    return /^\d{1,10}$/.test(given) && Number(given) >= least && Number(given) <= MOST_COUNTED
      ? null
      : `a whole number from ${least}`;
  }
  if (key === 'spark.submit.deployMode') {
    return /^(client|cluster)$/.test(value) ? null : 'client or cluster';
  }
  return null;
};
