/**
 * Numbers as Java prints them. Since Java 19 the digits are the shortest that read back as the same
 * number, and of those the closest, but never fewer than two where a second one comes closer
 * (`4.9E-324`, which JavaScript prints as 5e-324).
 */

interface Digits {
  /** Significant digits, no zero at either end. */
  readonly digits: string;
  /** The number is 0.digits × 10^point. */
  readonly point: number;
}

const digitsOf = (exponential: string): Digits => {
  const [mantissa = '', exponent = '0'] = exponential.split('e');
  const digits = mantissa.replace('.', '').replace(/0+$/, '');
  return { digits, point: Number(exponent) + 1 };
};

const shortestDouble = (x: number): Digits => {
  const shortest = digitsOf(x.toExponential());
  if (shortest.digits.length > 1) return shortest;
  const two = x.toExponential(1);
  return Number(two) === x ? digitsOf(two) : shortest;
};

/** Below the smallest normal float, six digits are more than there are. */
const SMALLEST_NORMAL_FLOAT = 2 ** -126;

const shortestFloat = (x: number): Digits => {
  for (let digits = x < SMALLEST_NORMAL_FLOAT ? 1 : 5; digits < 9; digits++) {
    const text = x.toExponential(digits);
    if (Math.fround(Number(text)) === x) return digitsOf(text);
  }
  return digitsOf(x.toExponential(8));
};

/** Plain from 10^-3 up to 10^7, with an exponent outside, and always with a digit after the point. */
const layOut = ({ digits, point }: Digits): string => {
  if (point > 7 || point < -2) return `${digits[0]}.${digits.slice(1) || '0'}E${point - 1}`;
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  return `${digits.slice(0, point).padEnd(point, '0')}.${digits.slice(point) || '0'}`;
};

const printed = (x: number, digits: (positive: number) => Digits): string => {
  if (!Number.isFinite(x)) return String(x);
  if (x === 0) return Object.is(x, -0) ? '-0.0' : '0.0';
  return x < 0 ? `-${layOut(digits(-x))}` : layOut(digits(x));
};

export const doubleText = (x: number): string => printed(x, shortestDouble);
export const floatText = (x: number): string => printed(x, shortestFloat);

/** An unscaled decimal, plain whatever its scale: Spark never prints one with an exponent. */
export const decimalText = (unscaled: bigint, scale: number): string => {
  if (scale <= 0) return `${unscaled}${unscaled === 0n ? '' : '0'.repeat(-scale)}`;
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const sign = unscaled < 0n ? '-' : '';
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
};
