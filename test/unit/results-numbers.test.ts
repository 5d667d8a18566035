import { describe, expect, it } from 'vitest';
import { decimalText, doubleText, floatText } from '../../src/results/java-number.ts';

// What Double.toString and Float.toString answer on Java 17 and on Java 25.
const DOUBLES: readonly (readonly [number, string, string])[] = [
  [2e23, '1.9999999999999998E23', '2.0E23'],
  [1e23, '9.999999999999999E22', '1.0E23'],
  [2 ** -44, '5.6843418860808015E-14', '5.684341886080802E-14'],
  [Number('1.2345678901234567e18'), '1.23456789012345677E18', '1.2345678901234568E18'],
  // Here Java 17 overlooks an overflow.
  [Number('-2.9957621540461772e25'), '-2.9957621540461772E25', '-2.9957621540461773E25'],
  [Number.MIN_VALUE, '4.9E-324', '4.9E-324'],
  [2 ** 62, '4.6116860184273879E18', '4.611686018427388E18'],
  [9999999, '9999999.0', '9999999.0'],
  [1e7, '1.0E7', '1.0E7'],
  [0.001, '0.001', '0.001'],
  [0.00099, '9.9E-4', '9.9E-4'],
  [-0, '-0.0', '-0.0'],
  [Number.NaN, 'NaN', 'NaN'],
  [Number.NEGATIVE_INFINITY, '-Infinity', '-Infinity'],
];

const FLOATS: readonly (readonly [number, string, string])[] = [
  [2 ** 83, '9.6714065E24', '9.671407E24'],
  [-2234752.25, '-2234752.2', '-2234752.2'],
  [2 ** -12, '2.4414062E-4', '2.4414062E-4'],
  [Math.fround(1.5474250491067253e26), '1.54742505E26', '1.5474251E26'],
  [1.401298464324817e-45, '1.4E-45', '1.4E-45'],
  [Math.fround(0.1), '0.1', '0.1'],
];

describe('numbers as Java prints them', () => {
  for (const [x, legacy, shortest] of DOUBLES) {
    it(`double ${shortest}`, () => {
      expect(doubleText(x, 'LEGACY')).toBe(legacy);
      expect(doubleText(x, 'SHORTEST')).toBe(shortest);
    });
  }
  for (const [x, legacy, shortest] of FLOATS) {
    it(`float ${shortest}`, () => {
      expect(floatText(x, 'LEGACY')).toBe(legacy);
      expect(floatText(x, 'SHORTEST')).toBe(shortest);
    });
  }

  it('reads back as the same number, in either style', () => {
    let seed = 1;
    const next = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    for (let i = 0; i < 5000; i++) {
      const x = (next() - 0.5) * 10 ** Math.floor(next() * 600 - 300);
      expect(Number(doubleText(x, 'SHORTEST'))).toBe(x);
      expect(Number(doubleText(x, 'LEGACY'))).toBe(x);
      const y = Math.fround((next() - 0.5) * 10 ** Math.floor(next() * 70 - 35));
      expect(Math.fround(Number(floatText(y, 'SHORTEST')))).toBe(y);
      expect(Math.fround(Number(floatText(y, 'LEGACY')))).toBe(y);
    }
  });

  it('writes decimals plainly', () => {
    expect(decimalText(0n, 0)).toBe('0');
    expect(decimalText(-5n, 3)).toBe('-0.005');
    expect(decimalText(12n, -3)).toBe('12000');
    expect(decimalText(0n, -3)).toBe('0');
  });
});
