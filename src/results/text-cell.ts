import type { FloatStyle } from '../domain/result.ts';
import {
  bigints,
  binaries,
  booleans,
  calendarIntervals,
  childOf,
  int128s,
  longTexts,
  numbers,
  ranges,
  strings,
} from './arrow-column.ts';
import { type Cell, type Column, column, VOID } from './cell.ts';
import { dateText, dateTimeText, instantOf } from './civil-time.ts';
import { calendarIntervalText, dayTimeText, yearMonthText } from './interval-text.ts';
import { decimalText, doubleText, floatText } from './java-number.ts';
import type { SparkType, StructField } from './spark-type.ts';
import { type ZoneOffset, zonedText, zoneOffset } from './time-zone.ts';
import { readVariant, type VariantValue } from './variant.ts';
import { variantCast, variantSparkJson } from './variant-text.ts';

const nested = (cell: Cell) => (row: number) => cell(row) ?? 'null';

/** What the session and its Java say about how values look. */
interface TextStyle {
  readonly offset: ZoneOffset;
  readonly floats: FloatStyle;
}

const UTC: ZoneOffset = () => 0;

const hex: Column = (data) => {
  const bytes = binaries(data);
  return (row) => bytes(row).toString('hex').toUpperCase();
};

const variant =
  (text: (value: VariantValue) => string | null): Column =>
  (data) => {
    const value = binaries(childOf(data, 0));
    const metadata = binaries(childOf(data, 1));
    return (row) => text(readVariant(value(row), metadata(row)));
  };

const array = (element: SparkType, style: TextStyle): Column => {
  const bind = inner(element, style);
  return (data) => {
    const range = ranges(data);
    const cell = nested(bind(childOf(data, 0)));
    return (row) => {
      const { from, to } = range(row);
      const parts: string[] = [];
      for (let i = from; i < to; i++) parts.push(cell(i));
      return `[${parts.join(', ')}]`;
    };
  };
};

const map = (key: SparkType, value: SparkType, style: TextStyle): Column => {
  const bindKey = inner(key, style);
  const bindValue = inner(value, style);
  return (data) => {
    const range = ranges(data);
    const entries = childOf(data, 0);
    const keyCell = nested(bindKey(childOf(entries, 0)));
    const valueCell = nested(bindValue(childOf(entries, 1)));
    return (row) => {
      const { from, to } = range(row);
      const parts: string[] = [];
      for (let i = from; i < to; i++) parts.push(`${keyCell(i)} -> ${valueCell(i)}`);
      return `{${parts.join(', ')}}`;
    };
  };
};

const struct = (fields: readonly StructField[], style: TextStyle): Column => {
  const binds = fields.map((field) => inner(field.type, style));
  return (data) => {
    const cells = binds.map((bind, index) => nested(bind(childOf(data, index))));
    return (row) => `{${cells.map((cell) => cell(row)).join(', ')}}`;
  };
};

const bare = (type: SparkType, style: TextStyle): Column => {
  switch (type.kind) {
    case 'void':
      return VOID;
    case 'boolean':
      return (data) => {
        const value = booleans(data);
        return (row) => String(value(row));
      };
    case 'byte':
    case 'short':
    case 'integer':
      return (data) => {
        const value = numbers(data);
        return (row) => String(value(row));
      };
    case 'long':
      return longTexts;
    case 'float':
    case 'double':
      return (data) => {
        const value = numbers(data);
        const text = type.kind === 'float' ? floatText : doubleText;
        return (row) => text(value(row), style.floats);
      };
    case 'decimal':
      return (data) => {
        const unscaled = int128s(data);
        return (row) => decimalText(unscaled(row), type.scale);
      };
    case 'string':
      return strings;
    case 'binary':
      return hex;
    case 'date':
      return (data) => {
        const day = numbers(data);
        return (row) => dateText(day(row));
      };
    case 'timestamp':
      return (data) => {
        const micros = bigints(data);
        return (row) => zonedText(instantOf(micros(row)), style.offset);
      };
    case 'timestamp_ntz':
      return (data) => {
        const micros = bigints(data);
        return (row) => {
          const local = instantOf(micros(row));
          return dateTimeText(local.seconds, local.micros, ' ');
        };
      };
    case 'year-month-interval':
      return (data) => {
        const months = numbers(data);
        return (row) => yearMonthText(months(row), type.from, type.to);
      };
    case 'day-time-interval':
      return (data) => {
        const micros = bigints(data);
        return (row) => dayTimeText(micros(row), type.from, type.to);
      };
    case 'calendar-interval':
      return (data) => {
        const interval = calendarIntervals(data);
        return (row) => {
          const { months, days, micros } = interval(row);
          return calendarIntervalText(months, days, micros);
        };
      };
    case 'variant':
      // Inside another type, Spark prints a variant as JSON with times in UTC.
      return variant(variantSparkJson(UTC, style.floats));
    case 'array':
      return array(type.element, style);
    case 'map':
      return map(type.key, type.value, style);
    case 'struct':
      return struct(type.fields, style);
    default:
      return type satisfies never;
  }
};

const inner = (type: SparkType, style: TextStyle): Column => column(bare(type, style));

/**
 * A column whose cells are what Spark's cast to string prints in the time zone; but binary, which
 * the cast takes as UTF-8, is hex wherever it stands.
 */
export const textColumn = (type: SparkType, timeZone: string, floats: FloatStyle): Column => {
  const style = { offset: zoneOffset(timeZone), floats };
  if (type.kind === 'variant') return column(variant(variantCast(style.offset, floats)));
  return inner(type, style);
};
