import { join, resolve } from 'node:path';
import type { ConfigFault } from './config-error.ts';
import type { Entry } from './entries.ts';
import { KEYS, type Key } from './keys.ts';
import type { ConfigOf, configSchema } from './schema.ts';

export type Settings = ConfigOf<typeof configSchema>;

export interface Places {
  readonly projectRoot: string;
  readonly configDir: string;
  readonly workingDir: string;
}

/** One level of the tree under construction; `Settings` once every leaf is in. */
interface Tree {
  [part: string]: unknown;
}

const MAX_SHOWN = 80;

const shown = (raw: unknown): string => {
  const text = JSON.stringify(raw) ?? String(raw);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
};

/** Checks each value by itself, so that every fault is found, and puts the tree together. */
export const assemble = (
  entries: ReadonlyMap<string, Entry>,
  places: Places,
): { readonly settings: Settings; readonly faults: readonly ConfigFault[] } => {
  const faults: ConfigFault[] = [];
  const tree: Tree = {};
  for (const key of KEYS) {
    const entry = entries.get(key.name);
    if (entry === undefined) {
      plant(tree, key, fallbackOf(key));
      continue;
    }
    const parsed = key.type.safeParse(entry.raw);
    if (parsed.success) plant(tree, key, parsed.data);
    else {
      const given = key.meta.secret ? '' : `, not ${shown(entry.raw)}`;
      const message = `${key.name}: expected ${key.meta.accepts}${given}`;
      faults.push({ where: culprit(entry) ?? entry.where, message });
    }
  }
  // With faults the tree is not whole, and nobody gets to see it.
  const settings = tree as unknown as Settings;
  if (faults.length === 0) derive(tree, places);
  return { settings, faults };
};

const fallbackOf = (key: Key): unknown =>
  key.meta.fallback === null ? null : key.type.parse(key.meta.fallback);

/** For a map with one bad value: the place of that value. */
const culprit = (entry: Entry): string | null => {
  for (const [name, where] of entry.places) {
    const value = (entry.raw as Readonly<Record<string, unknown>>)[name];
    if (typeof value === 'object' && value !== null) return `${where} (${name})`;
  }
  return null;
};

const camel = (part: string): string =>
  part.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

const plant = (tree: Tree, key: Key, value: unknown): void => {
  const parts = key.path.map(camel);
  const last = parts.pop() ?? '';
  let level = tree;
  for (const part of parts) {
    level[part] ??= {};
    level = level[part] as Tree;
  }
  level[last] = value;
};

/** Makes paths absolute and fills what depends on other settings. */
const derive = (tree: Tree, places: Places): void => {
  const libra = tree.libra as Tree;
  const spark = tree.spark as Tree;
  const results = libra.results as Tree;
  const files = libra.files as Tree;
  const security = libra.security as Tree;
  const absolute = (path: unknown): string => resolve(places.workingDir, String(path));

  const dataDir = absolute(libra.dataDir);
  libra.dataDir = dataDir;
  results.dir = absolute(results.dir ?? join(dataDir, 'results'));
  const roots = (files.allowedRoots as readonly string[] | null) ?? [dataDir, '.'];
  files.allowedRoots = roots.map(absolute);
  if (security.tokensFile !== null) security.tokensFile = absolute(security.tokensFile);
  spark.home = absolute(spark.home ?? join(places.projectRoot, '.spark', 'home'));
  spark.fairschedulerFile = absolute(
    spark.fairschedulerFile ?? join(places.configDir, 'fairscheduler.xml'),
  );
};
