import type { ConfigFault } from './config-error.ts';
import type { Entry, Env, Source } from './entries.ts';
import { KEYS, type Key } from './keys.ts';
import { nearest } from './nearest.ts';

/** Variables of ours that are no setting: where to look, and what the scripts and the tests read. */
const OWN =
  /^LIBRA_(PROFILES|CONFIG_DIR|SETUP|SUPERVISE|SUPERVISOR|RESTART_[A-Z_]+|LAST_END|KUBELAB|TEST_.*|BENCH_.*)$/;

/** What Kubernetes injects into a pod for services called libra, libra-something and server. */
const INJECTED =
  /^(LIBRA_(SERVICE_|PORT).*|(LIBRA|SERVER)_(.+_)?(SERVICE_(HOST|PORT.*)|PORT_\d.*))$/;
const INJECTED_VALUE = /^(tcp|udp|sctp):\/\//;

/** Only these prefixes are ours alone; SPARK_… belongs to Spark, from which we read what we know. */
const GUARDED = /^(LIBRA|SERVER|SPARK_CONFIG)_/;

const VARIABLES = new Map(
  KEYS.flatMap((key) => key.variables.map((variable) => [variable, key] as const)),
);

/** A value that arrives as JSON; null when it is not. The parser's words would quote the value. */
const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

const JSON_KINDS = ['map of text', 'list of tokens'];

const rawOf = (key: Key, text: string): unknown =>
  JSON_KINDS.includes(key.meta.kind) ? parseJson(text) : text;

const unknownVariable = (name: string): string => {
  if (name.startsWith('SPARK_CONFIG_')) {
    return 'unknown variable; set SPARK_CONFIG to a JSON object with the keys of Spark as they are';
  }
  const bare = name.replace(/^LIBRA_/, '');
  if (VARIABLES.has(bare)) return `unknown variable; did you mean ${bare}?`;
  const meant = nearest(name, [...VARIABLES.keys(), 'LIBRA_PROFILES', 'LIBRA_CONFIG_DIR']);
  return `unknown variable${meant === null ? '' : `; did you mean ${meant}?`}`;
};

/** Reads the settings that the environment names; an empty variable counts as not set. */
export const readEnvironmentSource = (env: Env): Source => {
  const entries: Entry[] = [];
  const faults: ConfigFault[] = [];
  const seen = new Map<string, { readonly name: string; readonly value: string }>();
  for (const [name, value] of Object.entries(env).sort()) {
    if (value === undefined || value === '' || OWN.test(name)) continue;
    if (INJECTED_VALUE.test(value)) continue;
    const key = VARIABLES.get(name);
    if (key !== undefined) {
      const earlier = seen.get(key.name);
      if (earlier !== undefined && earlier.value !== value) {
        faults.push({ where: name, message: `says something else than ${earlier.name}` });
      }
      seen.set(key.name, { name, value });
      entries.push({ key, raw: rawOf(key, value), where: name, places: new Map() });
    } else if (GUARDED.test(name) && !INJECTED.test(name)) {
      faults.push({ where: name, message: unknownVariable(name) });
    }
  }
  return { entries, faults, warnings: [] };
};
