import { z } from 'zod';
import { configSchema } from './schema.ts';
import { type SettingMeta, settingMeta } from './values.ts';

/** One setting with its place in the tree. */
export interface Key {
  readonly path: readonly string[];
  /** The path with dots, such as `libra.data-dir`. */
  readonly name: string;
  /** The variable that the documentation names; `variables` also has the form without underscores. */
  readonly variable: string;
  readonly variables: readonly string[];
  readonly type: z.ZodType;
  readonly meta: SettingMeta;
}

const upper = (path: readonly string[], hyphen: string): string =>
  path.map((part) => part.replaceAll('-', hyphen).toUpperCase()).join('_');

const keysOf = (type: z.ZodType, path: readonly string[]): Key[] => {
  if (type instanceof z.ZodObject) {
    return Object.entries(type.shape).flatMap(([part, child]) =>
      keysOf(child as z.ZodType, [...path, part]),
    );
  }
  const variable = upper(path, '_');
  // Spring drops the hyphens; people write underscores. Both have always worked somewhere.
  const variables = [...new Set([variable, upper(path, '')])];
  return [{ path, name: path.join('.'), variable, variables, type, meta: settingMeta(type) }];
};

/** Every setting, in the order of the schema. */
export const KEYS: readonly Key[] = keysOf(configSchema, []);

const BY_NAME = new Map(KEYS.map((key) => [key.name, key]));

export const keyNamed = (name: string): Key => {
  const key = BY_NAME.get(name);
  if (key === undefined) throw new TypeError(`no setting is called ${name}`);
  return key;
};
