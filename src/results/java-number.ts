import type { FloatStyle } from '../domain/result.ts';
import { type Digits, legacyDoubleDigits, legacyFloatDigits } from './java-legacy-digits.ts';

// Numbers as Java prints them, and so as Spark's cast does. Java 19 changed the digits: since then
// they are the shortest that read back as the same number, before they often carry one too many
// (JDK-4511638). Which of them a result follows is in its manifest.

const digitsOf = (exponential: string): Digits => {
  const [mantissa = '', exponent = '0'] = exponential.split('e');
  const digits = mantissa.replace('.', '').replace(/0+$/, '');
  return { digits, point: Number(exponent) + 1 };
};

/** JavaScript's digits, but where a second one comes closer than a single one: 4.9E-324, not 5e-324. */
const shortestDouble = (x: number): Digits => {
  const shortest = digitsOf(x.toExponential());
  if (shortest.digits.length > 1) return shortest;
  const two = x.toExponential(1);
  return Number(two) === x ? digitsOf(two) : shortest;
};

const SMALLEST_NORMAL_FLOAT = 2 ** -126;
/** More digits than a tie between two decimals of nine could have. */
const EXACT = 40;

/** JavaScript knows doubles only: try more and more digits, the even of two that are as close. */
const shortestFloat = (x: number): Digits => {
  const [mantissa = '', exponent = '0'] = x.toExponential(EXACT).split('e');
  const exact = mantissa.replace('.', '');
  const point = Number(exponent) + 1;
  for (let length = x < SMALLEST_NORMAL_FLOAT ? 2 : 6; length < 10; length++) {
    const below = Number(exact.slice(0, length));
    const rest = exact.slice(length);
    const half = `5${'0'.repeat(rest.length - 1)}`;
    const up = rest > half || (rest === half && below % 2 === 1);
    // A power of two has more room above than below: the one above may do where the closest fails.
    for (const digits of up ? [below + 1] : [below, below + 1]) {
      const text = `${digits}e${point - length}`;
      if (Math.fround(Number(text)) === x) return digitsOf(Number(text).toExponential(length - 1));
    }
  }
  return digitsOf(x.toExponential(8));
};

/** Plain from 10^-3 up to 10^7, with an exponent outside, and always with a digit after the point. */
const layOut = ({ digits, point }: Digits): string => {
  if (point > 7 || point < -2) return `${digits[0]}.${digits.slice(1) || '0'}E${point - 1}`;
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  return `${digits.slice(0, point).padEnd(point, '0')}.${digits.slice(point) || '0'}`;
};

const printer =
  (digits: (positive: number) => Digits) =>
  (x: number): string => {
    if (!Number.isFinite(x)) return String(x);
    if (x === 0) return Object.is(x, -0) ? '-0.0' : '0.0';
    return x < 0 ? `-${layOut(digits(-x))}` : layOut(digits(x));
  };

const DOUBLE = { SHORTEST: printer(shortestDouble), LEGACY: printer(legacyDoubleDigits) } as const;
const FLOAT = { SHORTEST: printer(shortestFloat), LEGACY: printer(legacyFloatDigits) } as const;

export const doubleText = (x: number, style: FloatStyle): string => DOUBLE[style](x);
export const floatText = (x: number, style: FloatStyle): string => FLOAT[style](x);

/** An unscaled decimal, plain whatever its scale: Spark never prints one with an exponent. */
export const decimalText = (unscaled: bigint, scale: number): string => {
  if (scale <= 0) return `${unscaled}${unscaled === 0n ? '' : '0'.repeat(-scale)}`;
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const sign = unscaled < 0n ? '-' : '';
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
};
