import type { ConfigFault } from './config-error.ts';
import type { Key } from './keys.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** A value as a source gives it, before anyone has looked at its type. */
export interface Entry {
  readonly key: Key;
  readonly raw: unknown;
  readonly where: string;
  /** For maps: where each of the keys stands. */
  readonly places: ReadonlyMap<string, string>;
}

/** What a source has to say: its values, and what is wrong or odd with it. */
export interface Source {
  readonly entries: readonly Entry[];
  readonly faults: readonly ConfigFault[];
  readonly warnings: readonly string[];
}

const isMap = (raw: unknown): raw is Readonly<Record<string, unknown>> =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw);

/** Later sources win; maps are merged key by key, so that a profile can change one of them. */
export const mergeEntries = (entries: readonly Entry[]): ReadonlyMap<string, Entry> => {
  const merged = new Map<string, Entry>();
  for (const entry of entries) {
    const earlier = merged.get(entry.key.name);
    const both = earlier !== undefined && isMap(earlier.raw) && isMap(entry.raw);
    merged.set(
      entry.key.name,
      both
        ? {
            ...entry,
            raw: { ...(earlier.raw as object), ...(entry.raw as object) },
            places: new Map([...earlier.places, ...entry.places]),
          }
        : entry,
    );
  }
  return merged;
};
