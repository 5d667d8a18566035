import { z } from 'zod';

const DAY_TIME_FIELDS = ['day', 'hour', 'minute', 'second'] as const;
export type DayTimeField = (typeof DAY_TIME_FIELDS)[number];
export type YearMonthField = 'year' | 'month';

type PlainKind =
  | 'void'
  | 'boolean'
  | 'byte'
  | 'short'
  | 'integer'
  | 'long'
  | 'float'
  | 'double'
  | 'string'
  | 'binary'
  | 'date'
  | 'timestamp'
  | 'timestamp_ntz'
  | 'calendar-interval'
  | 'variant';

export interface StructField {
  readonly name: string;
  readonly type: SparkType;
}

/** A Spark type as far as its values are read differently. A user-defined type is the one that it is stored as. */
export type SparkType =
  | { readonly kind: PlainKind }
  | { readonly kind: 'decimal'; readonly scale: number }
  | {
      readonly kind: 'year-month-interval';
      readonly from: YearMonthField;
      readonly to: YearMonthField;
    }
  | { readonly kind: 'day-time-interval'; readonly from: DayTimeField; readonly to: DayTimeField }
  | { readonly kind: 'array'; readonly element: SparkType }
  | { readonly kind: 'map'; readonly key: SparkType; readonly value: SparkType }
  | { readonly kind: 'struct'; readonly fields: readonly StructField[] };

const PLAIN: ReadonlyMap<string, PlainKind> = new Map<string, PlainKind>([
  ['void', 'void'],
  ['null', 'void'],
  ['boolean', 'boolean'],
  ['byte', 'byte'],
  ['short', 'short'],
  ['integer', 'integer'],
  ['long', 'long'],
  ['float', 'float'],
  ['double', 'double'],
  ['binary', 'binary'],
  ['date', 'date'],
  ['timestamp', 'timestamp'],
  ['timestamp_ltz', 'timestamp'],
  ['timestamp_ntz', 'timestamp_ntz'],
  ['interval', 'calendar-interval'],
  ['variant', 'variant'],
]);

const named = (name: string): SparkType => {
  const plain = PLAIN.get(name);
  if (plain !== undefined) return { kind: plain };
  // Collations and lengths say nothing about how a value is shown.
  if (/^(string|char|varchar)\b/.test(name)) return { kind: 'string' };
  if (name === 'decimal') return { kind: 'decimal', scale: 0 };
  const decimal = /^decimal\(\s*\d+\s*,\s*(-?\d+)\s*\)$/.exec(name);
  if (decimal !== null) return { kind: 'decimal', scale: Number(decimal[1]) };
  const months = /^interval (year|month)(?: to (month))?$/.exec(name);
  if (months !== null) {
    const from = months[1] as YearMonthField;
    return { kind: 'year-month-interval', from, to: (months[2] ?? from) as YearMonthField };
  }
  const time = /^interval (day|hour|minute|second)(?: to (hour|minute|second))?$/.exec(name);
  if (time !== null) {
    const from = time[1] as DayTimeField;
    return { kind: 'day-time-interval', from, to: (time[2] ?? from) as DayTimeField };
  }
  throw new Error(`The result holds a type that this version does not read: ${name}`);
};

const typeJson = z.union([
  z.string(),
  z.looseObject({
    type: z.enum(['array', 'map', 'struct', 'udt']),
    elementType: z.unknown().optional(),
    keyType: z.unknown().optional(),
    valueType: z.unknown().optional(),
    sqlType: z.unknown().optional(),
    fields: z.array(z.looseObject({ name: z.string(), type: z.unknown() })).optional(),
  }),
]);

const parse = (json: unknown): SparkType => {
  const type = typeJson.parse(json);
  if (typeof type === 'string') return named(type);
  switch (type.type) {
    case 'array':
      return { kind: 'array', element: parse(type.elementType) };
    case 'map':
      return { kind: 'map', key: parse(type.keyType), value: parse(type.valueType) };
    case 'udt':
      return parse(type.sqlType);
    case 'struct':
      return {
        kind: 'struct',
        fields: (type.fields ?? []).map((field) => ({ name: field.name, type: parse(field.type) })),
      };
    default:
      return type.type satisfies never;
  }
};

/** The columns of a result, from Spark's own JSON of its struct type. */
export const parseSparkSchema = (json: string): readonly StructField[] => {
  const type = parse(JSON.parse(json));
  if (type.kind !== 'struct') throw new Error('The schema of a result is not a struct');
  return type.fields;
};
