import type { Data } from 'apache-arrow';
import type { FloatStyle } from '../domain/result.ts';
import { bigints, binaries, childOf, numbers, ranges, strings } from './arrow-column.ts';
import { type Cell, type Column, column } from './cell.ts';
import { instantOf, isoText } from './civil-time.ts';
import { doubleText, floatText } from './java-number.ts';
import type { SparkType, StructField } from './spark-type.ts';
import { textColumn } from './text-cell.ts';
import { readVariant } from './variant.ts';
import { variantJson } from './variant-text.ts';

/** JSON text of one cell, `null` for NULL. */
export type JsonCell = (row: number) => string;
export type JsonColumn = (data: Data) => JsonCell;

const orNull =
  (bind: Column): JsonColumn =>
  (data) => {
    const cell: Cell = column(bind)(data);
    return (row) => cell(row) ?? 'null';
  };

const quoted =
  (bind: Column): Column =>
  (data) => {
    const cell = bind(data);
    return (row) => `"${cell(row)}"`;
  };

const float =
  (print: (x: number, style: FloatStyle) => string): Column =>
  (data) => {
    const value = numbers(data);
    return (row) => {
      const x = value(row);
      return Number.isFinite(x) ? print(x, 'SHORTEST') : `"${x}"`;
    };
  };

const array = (element: SparkType): Column => {
  const bind = jsonColumn(element);
  return (data) => {
    const range = ranges(data);
    const cell = bind(childOf(data, 0));
    return (row) => {
      const { from, to } = range(row);
      const parts: string[] = [];
      for (let i = from; i < to; i++) parts.push(cell(i));
      return `[${parts.join(',')}]`;
    };
  };
};

const map = (key: SparkType, value: SparkType): Column => {
  const bindKey = jsonColumn(key);
  const bindValue = jsonColumn(value);
  return (data) => {
    const range = ranges(data);
    const entries = childOf(data, 0);
    const keyCell = bindKey(childOf(entries, 0));
    const valueCell = bindValue(childOf(entries, 1));
    return (row) => {
      const { from, to } = range(row);
      const parts: string[] = [];
      for (let i = from; i < to; i++) parts.push(`[${keyCell(i)},${valueCell(i)}]`);
      return `[${parts.join(',')}]`;
    };
  };
};

/** The names of the Arrow fields, which are Spark's made unique: no field of an object hides another. */
export const fieldNames = (data: Data): readonly string[] =>
  (data.type.children as readonly { readonly name: string }[]).map((field) => field.name);

const struct = (fields: readonly StructField[]): Column => {
  const binds = fields.map((field) => jsonColumn(field.type));
  return (data) => {
    const labels = fieldNames(data).map((name) => `${JSON.stringify(name)}:`);
    const cells = binds.map((bind, index) => bind(childOf(data, index)));
    return (row) => `{${cells.map((cell, index) => `${labels[index]}${cell(row)}`).join(',')}}`;
  };
};

const timestamp =
  (suffix: 'Z' | ''): Column =>
  (data) => {
    const micros = bigints(data);
    return (row) => `"${isoText(instantOf(micros(row)), suffix)}"`;
  };

const variant: Column = (data) => {
  const value = binaries(childOf(data, 0));
  const metadata = binaries(childOf(data, 1));
  return (row) => variantJson(readVariant(value(row), metadata(row)));
};

const bare = (type: SparkType): Column => {
  switch (type.kind) {
    case 'void':
    case 'boolean':
    case 'byte':
    case 'short':
    case 'integer':
      return textColumn(type, 'UTC', 'SHORTEST');
    case 'long':
    case 'decimal':
    case 'date':
    case 'year-month-interval':
    case 'day-time-interval':
    case 'calendar-interval':
      return quoted(textColumn(type, 'UTC', 'SHORTEST'));
    case 'float':
      return float(floatText);
    case 'double':
      return float(doubleText);
    case 'string':
      return (data) => {
        const value = strings(data);
        return (row) => JSON.stringify(value(row));
      };
    case 'binary':
      return (data) => {
        const bytes = binaries(data);
        return (row) => `"${bytes(row).toString('base64')}"`;
      };
    case 'timestamp':
      return timestamp('Z');
    case 'timestamp_ntz':
      return timestamp('');
    case 'variant':
      return variant;
    case 'array':
      return array(type.element);
    case 'map':
      return map(type.key, type.value);
    case 'struct':
      return struct(type.fields);
    default:
      return type satisfies never;
  }
};

/**
 * A column as JSON: what a JSON number cannot hold for every reader is a string (bigint, decimal,
 * NaN and the infinities), binary is base64, a map is a list of pairs, an interval is Spark's text,
 * a variant is the value that it holds. A struct is an object in field order; field names that
 * stand twice carry the suffix that they have in the Arrow form, so that nothing is lost.
 */
export const jsonColumn = (type: SparkType): JsonColumn => orNull(bare(type));
