import { describe, expect, it } from 'vitest';
import { readVariant } from '../../src/results/variant.ts';
import { variantCast, variantJson } from '../../src/results/variant-text.ts';

// Spark itself writes neither UUIDs nor, for small values, wide headers: these are by the format.
const NO_KEYS = Buffer.from([1, 0, 0]);
const json = (value: number[], metadata = NO_KEYS) =>
  variantJson(readVariant(Buffer.from(value), metadata));

describe('a variant', () => {
  it('may be a UUID', () => {
    const bytes = Array.from({ length: 16 }, (_, i) => i * 17);
    const value = readVariant(Buffer.from([20 << 2, ...bytes]), NO_KEYS);
    expect(variantJson(value)).toBe('"00112233-4455-6677-8899-aabbccddeeff"');
    expect(variantCast(() => 0, 'SHORTEST')(value)).toBe('00112233-4455-6677-8899-aabbccddeeff');
  });

  it('may count an array in 32 bits and its offsets in 24', () => {
    const header = (0b110 << 2) | 3;
    expect(json([header, 2, 0, 0, 0, 0, 0, 0, 2, 0, 0, 3, 0, 0, 3 << 2, 7, 1 << 2])).toBe(
      '[7,true]',
    );
  });

  it('may hold keys of a dictionary with wide offsets, in any order of values', () => {
    const metadata = Buffer.from([0x41, 2, 0, 0, 0, 1, 0, 3, 0, 97, 98, 98]);
    const header = (0b00000 << 2) | 2;
    const value = [header, 2, 0, 1, 1, 0, 2, 0 << 2, 2 << 2];
    expect(json(value, metadata)).toBe('{"a":false,"bb":null}');
  });

  it('is an error when it is damaged', () => {
    expect(() => json([30 << 2])).toThrow('Unknown type');
    expect(() => json([6 << 2, 1, 2])).toThrow();
    expect(() => json([16 << 2, 200, 0, 0, 0, 65])).toThrow('ends too early');
    expect(() => json([(5 << 2) | 1, 65])).toThrow('ends too early');
    expect(() => json([20 << 2, 1])).toThrow('ends too early');
    expect(() => json([0], Buffer.from([2, 0, 0]))).toThrow('Unknown version');
    expect(() => json([2, 1, 9, 0, 1, 0])).toThrow('a key that it does not hold');
  });
});
