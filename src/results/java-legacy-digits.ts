/** The positive number 0.digits × 10^point; no zero at either end of the digits. */
export interface Digits {
  readonly digits: string;
  readonly point: number;
}

/**
 * The digits that Java printed up to version 18. It generates digits after Steele and White, but
 * stops by an interval that is half of what it could be, never after the first digit of a number
 * with an exponent, and takes a border as inside only where it needs big integers. Where the
 * results differ from the shortest digits, users of such a Java see them everywhere: so do we.
 */

const MANTISSA_BITS = 53;
const HIDDEN = 1n << 52n;
const FRACTION = HIDDEN - 1n;

const scratch = new DataView(new ArrayBuffer(8));

/** mantissa × 2^(exponent - 52), the mantissa's top bit being bit 52. */
interface Parts {
  readonly mantissa: bigint;
  readonly exponent: number;
  /** How many bits of the mantissa the number really has: a subnormal one has fewer. */
  readonly bits: number;
}

const bitLength = (n: bigint): number => n.toString(2).length;

const partsOf = (x: number): Parts => {
  scratch.setFloat64(0, x);
  const raw = scratch.getBigUint64(0);
  const exponent = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & FRACTION;
  if (exponent > 0)
    return { mantissa: fraction | HIDDEN, exponent: exponent - 1023, bits: MANTISSA_BITS };
  const bits = bitLength(fraction);
  return { mantissa: fraction << BigInt(MANTISSA_BITS - bits), exponent: bits - 1075, bits };
};

const FLOAT_BITS = 24;
const SMALLEST_FLOAT_EXPONENT = -126;

const floatPartsOf = (x: number): Parts => {
  const { mantissa, exponent } = partsOf(x);
  return { mantissa, exponent, bits: FLOAT_BITS - Math.max(0, SMALLEST_FLOAT_EXPONENT - exponent) };
};

const digitsFrom = (digits: string, point: number): Digits => ({
  digits: digits.replace(/0+$/, ''),
  point,
});

/** A whole number below 2^63: digits that its mantissa cannot tell apart are rounded away. */
const wholeDigits = ({ mantissa, exponent, bits }: Parts): Digits => {
  let value =
    exponent >= 52 ? mantissa << BigInt(exponent - 52) : mantissa >> BigInt(52 - exponent);
  const loose = exponent > bits ? exponent - bits - 1 : 0;
  const dropped = loose > 1 ? Math.floor(loose * Math.log10(2)) : 0;
  if (dropped > 0) {
    const unit = 10n ** BigInt(dropped);
    const up = value % unit >= unit / 2n;
    value = value / unit + (up ? 1n : 0n);
  }
  const digits = String(value);
  return digitsFrom(digits, digits.length + dropped);
};

/** Right or one too large; the constants are those of a tangent to the logarithm at 1.5. */
const estimatedExponent = (mantissa: bigint, exponent: number): number => {
  const leading = Number(mantissa) / 2 ** 52;
  return Math.floor((leading - 1.5) * 0.289529654 + 0.176091259 + exponent * 0.301029995663981);
};

const trailingZeros = (n: bigint): number => bitLength(n & -n) - 1;

/** Bits of 5^n as the algorithm counts them: it knows the first 27 exactly. */
const fiveBits = (n: number): number => {
  if (n === 0) return 0;
  return n < 27 ? Math.floor(n * Math.log2(5)) + 1 : n * 3;
};

const roundedUp = (digits: number[], point: number): Digits => {
  let last = digits.length - 1;
  while (last >= 0 && digits[last] === 9) last -= 1;
  if (last < 0) return { digits: '1', point: point + 1 };
  const kept = digits.slice(0, last + 1);
  kept[last] = (kept[last] as number) + 1;
  return digitsFrom(kept.join(''), point);
};

/** Java counts in int or long where the operands fit, and overlooks that their sum may not. */
const wrap32 = (n: bigint): bigint => BigInt.asIntN(32, n);
const wrap64 = (n: bigint): bigint => BigInt.asIntN(64, n);
const exact = (n: bigint): bigint => n;

const generated = (parts: Parts): Digits => {
  const zeros = trailingZeros(parts.mantissa);
  const fractionBits = MANTISSA_BITS - zeros;
  const tiny = Math.max(0, fractionBits - parts.exponent - 1);
  let decimal = estimatedExponent(parts.mantissa, parts.exponent);

  const fives = Math.max(0, -decimal);
  const scaleFives = Math.max(0, decimal);
  let valueTwos = fives + tiny + parts.exponent;
  let scaleTwos = scaleFives + tiny;
  let marginTwos = valueTwos - parts.bits;
  valueTwos -= fractionBits - 1;
  const common = Math.min(valueTwos, scaleTwos);
  valueTwos -= common;
  scaleTwos -= common;
  marginTwos -= common;
  // Below a power of two, the next number is half as far away.
  if (fractionBits === 1) marginTwos -= 1;
  if (marginTwos < 0) {
    valueTwos -= marginTwos;
    scaleTwos -= marginTwos;
    marginTwos = 0;
  }
  const valueBits = fractionBits + valueTwos + fiveBits(fives);
  const scaleBits = scaleTwos + 1 + fiveBits(scaleFives + 1);
  const width = Math.max(valueBits, scaleBits);
  const wrap = width >= 64 ? exact : width >= 32 ? wrap64 : wrap32;
  const borderIsInside = width >= 64;

  const five = 5n ** BigInt(fives);
  let value = ((parts.mantissa >> BigInt(zeros)) * five) << BigInt(valueTwos);
  const scale = (5n ** BigInt(scaleFives)) << BigInt(scaleTwos);
  let margin = five << BigInt(marginTwos);
  const ten = scale * 10n;
  const digits: number[] = [];
  let low = false;
  let high = false;
  const next = (): number => {
    const digit = Number(value / scale);
    value = (value % scale) * 10n;
    margin = wrap(margin * 10n);
    low = value < margin;
    const sum = wrap(value + margin);
    high = borderIsInside ? sum >= ten : sum > ten;
    return digit;
  };
  const first = next();
  if (first === 0 && !high) decimal -= 1;
  else digits.push(first);
  if (decimal < -3 || decimal >= 8) {
    low = false;
    high = false;
  }
  while (!low && !high) {
    digits.push(next());
    // Java sees this one overflow, and stops.
    if (margin <= 0n) {
      low = true;
      high = true;
    }
  }
  const overHalf = wrap(value * 2n - ten);
  const odd = ((digits.at(-1) ?? 0) & 1) === 1;
  const up = high && (!low || overHalf > 0n || (overHalf === 0n && odd));
  return up ? roundedUp(digits, decimal + 1) : digitsFrom(digits.join(''), decimal + 1);
};

const SMALLEST_EASY = -21;
const LARGEST_EASY = 62;

const digitsOf = (parts: Parts): Digits => {
  const { mantissa, exponent } = parts;
  const isWhole = MANTISSA_BITS - trailingZeros(mantissa) <= exponent + 1;
  return isWhole && exponent >= SMALLEST_EASY && exponent <= LARGEST_EASY
    ? wholeDigits(parts)
    : generated(parts);
};

export const legacyDoubleDigits = (positive: number): Digits => digitsOf(partsOf(positive));
export const legacyFloatDigits = (positive: number): Digits => digitsOf(floatPartsOf(positive));
