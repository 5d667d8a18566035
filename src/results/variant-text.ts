import type { FloatStyle } from '../domain/result.ts';
import { dateText, dateTimeText, type Instant, isoText } from './civil-time.ts';
import { decimalText, doubleText, floatText } from './java-number.ts';
import { type ZoneOffset, zonedText } from './time-zone.ts';
import type { VariantValue } from './variant.ts';

/** How the values that JSON itself does not know, or knows in several ways, are written. */
interface JsonStyle {
  readonly floats: FloatStyle;
  quoted(text: string): string;
  timestamp(instant: Instant): string;
  timestampNtz(instant: Instant): string;
}

const number = (text: string): string => (/[NI]/.test(text) ? `"${text}"` : text);

const json = (value: VariantValue, style: JsonStyle): string => {
  switch (value.kind) {
    case 'null':
      return 'null';
    case 'boolean':
    case 'integer':
      return String(value.value);
    case 'decimal':
      return decimalText(value.unscaled, value.scale);
    case 'double':
      return number(doubleText(value.value, style.floats));
    case 'float':
      return number(floatText(value.value, style.floats));
    case 'date':
      return `"${dateText(value.epochDay)}"`;
    case 'timestamp':
      return `"${style.timestamp(value.instant)}"`;
    case 'timestamp_ntz':
      return `"${style.timestampNtz(value.instant)}"`;
    case 'binary':
      return `"${value.bytes.toString('base64')}"`;
    case 'string':
    case 'uuid':
      return style.quoted(value.text);
    case 'array': {
      const parts: string[] = [];
      for (let i = 0; i < value.size; i++) parts.push(json(value.element(i), style));
      return `[${parts.join(',')}]`;
    }
    case 'object': {
      const parts: string[] = [];
      for (let i = 0; i < value.size; i++) {
        parts.push(`${style.quoted(value.key(i))}:${json(value.value(i), style)}`);
      }
      return `{${parts.join(',')}}`;
    }
    default:
      return value satisfies never;
  }
};

const JSON_STYLE: JsonStyle = {
  floats: 'SHORTEST',
  quoted: (text) => JSON.stringify(text),
  timestamp: (instant) => isoText(instant, 'Z'),
  timestampNtz: (instant) => isoText(instant, ''),
};

/** The JSON value that a variant holds, every digit kept; times as in the rest of a JSON result. */
export const variantJson = (value: VariantValue): string => json(value, JSON_STYLE);

/** Spark leaves the seconds of an offset out, although the time is right to the second. */
const offsetText = (seconds: number): string => {
  const minutes = Math.floor(Math.abs(seconds) / 60);
  if (minutes === 0) return '+00:00';
  const two = (n: number) => String(n).padStart(2, '0');
  return `${seconds < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
};

const sparkStyle = (offset: ZoneOffset, floats: FloatStyle): JsonStyle => ({
  floats,
  // Jackson writes control characters with upper-case hex digits; an escaped backslash is skipped.
  quoted: (text) =>
    JSON.stringify(text).replace(/\\\\|\\u[0-9a-f]{4}/g, (found) =>
      found === '\\\\' ? found : `\\u${found.slice(2).toUpperCase()}`,
    ),
  timestamp: (instant) => zonedText(instant, offset) + offsetText(offset(instant.seconds)),
  timestampNtz: ({ seconds, micros }) => dateTimeText(seconds, micros, ' '),
});

/** What Spark's `to_json` makes of a variant: also the text of one that stands inside another type. */
export const variantSparkJson = (
  offset: ZoneOffset,
  floats: FloatStyle,
): ((value: VariantValue) => string) => {
  const style = sparkStyle(offset, floats);
  return (value) => json(value, style);
};

/** Spark's cast of a variant to string: a scalar as itself, what is compound as JSON. */
export const variantCast = (
  offset: ZoneOffset,
  floats: FloatStyle,
): ((value: VariantValue) => string | null) => {
  const asJson = variantSparkJson(offset, floats);
  return (value) => {
    switch (value.kind) {
      case 'null':
        return null;
      case 'string':
      case 'uuid':
        return value.text;
      case 'double':
        return doubleText(value.value, floats);
      case 'float':
        return floatText(value.value, floats);
      case 'date':
        return dateText(value.epochDay);
      case 'timestamp':
        return zonedText(value.instant, offset);
      case 'timestamp_ntz':
        return dateTimeText(value.instant.seconds, value.instant.micros, ' ');
      case 'binary':
        return value.bytes.toString('utf8');
      default:
        return asJson(value);
    }
  };
};
