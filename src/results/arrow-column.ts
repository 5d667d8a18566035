import { isAscii } from 'node:buffer';
import type { Data } from 'apache-arrow';

/**
 * Values straight from the buffers of a record batch, as numbers where they fit: the library's own
 * getters box each value. Batches come from the file, so every offset into their data is 0.
 */

/** Reads one row of a column that is not null there. */
export type Reader<T> = (row: number) => T;

export const isValid = (data: Data): ((row: number) => boolean) => {
  const bits = data.nullBitmap;
  if (data.nullCount === 0 || bits === undefined || bits.length === 0) return () => true;
  return (row) => ((bits[row >> 3] as number) & (1 << (row & 7))) !== 0;
};

export const childOf = (data: Data, index: number): Data => {
  const child = data.children[index];
  if (child === undefined) throw new Error('The Arrow schema of a result does not fit its columns');
  return child as Data;
};

export const booleans = (data: Data): Reader<boolean> => {
  const bits = data.values as Uint8Array;
  return (row) => ((bits[row >> 3] as number) & (1 << (row & 7))) !== 0;
};

export const numbers = (data: Data): Reader<number> => {
  const values = data.values as Int32Array | Float64Array;
  return (row) => values[row] as number;
};

const wordsOf = (data: Data): Int32Array => {
  const { buffer, byteOffset, byteLength } = data.values as Uint8Array;
  return new Int32Array(buffer, byteOffset, byteLength >> 2);
};

export const bigints = (data: Data): Reader<bigint> => {
  const values = data.values as BigInt64Array;
  return (row) => values[row] as bigint;
};

const TWO_TO_21 = 2 ** 21;
const TWO_TO_32 = 2 ** 32;

/** The decimal text of 64-bit integers; a number is quicker than a bigint where it is exact. */
export const longTexts = (data: Data): Reader<string> => {
  const words = wordsOf(data);
  const values = data.values as BigInt64Array;
  return (row) => {
    const high = words[2 * row + 1] as number;
    return high >= -TWO_TO_21 && high < TWO_TO_21
      ? String(high * TWO_TO_32 + ((words[2 * row] as number) >>> 0))
      : String(values[row]);
  };
};

/** 128-bit two's complement, least significant word first. */
export const int128s = (data: Data): Reader<bigint> => {
  const { buffer, byteOffset, byteLength } = data.values as Uint8Array;
  const halves = new BigInt64Array(buffer, byteOffset, byteLength >> 3);
  return (row) =>
    ((halves[2 * row + 1] as bigint) << 64n) + BigInt.asUintN(64, halves[2 * row] as bigint);
};

export interface CalendarInterval {
  readonly months: number;
  readonly days: number;
  readonly micros: bigint;
}

export const calendarIntervals = (data: Data): Reader<CalendarInterval> => {
  const words = wordsOf(data);
  return (row) => {
    const nanos =
      (BigInt(words[4 * row + 3] as number) << 32n) + BigInt((words[4 * row + 2] as number) >>> 0);
    return {
      months: words[4 * row] as number,
      days: words[4 * row + 1] as number,
      micros: nanos / 1000n,
    };
  };
};

const bufferOf = (data: Data): Buffer => {
  const { buffer, byteOffset, byteLength } = data.values as Uint8Array;
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
};

/** Large types have 64-bit offsets; a batch is far smaller than what a number can count. */
const offsetsOf = (data: Data): Reader<number> => {
  const offsets = data.valueOffsets as unknown as Int32Array | BigInt64Array;
  if (offsets instanceof Int32Array) return (row) => offsets[row] as number;
  return (row) => Number(offsets[row]);
};

/** One conversion for the whole column beats one for each cell, as long as it takes no time itself. */
const WHOLE_COLUMN_BYTES = 1 << 20;

export const strings = (data: Data): Reader<string> => {
  const bytes = bufferOf(data);
  const offset = offsetsOf(data);
  if (bytes.length <= WHOLE_COLUMN_BYTES && isAscii(bytes)) {
    const whole = bytes.toString('latin1');
    return (row) => whole.slice(offset(row), offset(row + 1));
  }
  return (row) => bytes.toString('utf8', offset(row), offset(row + 1));
};

/** Views, valid as long as the batch. */
export const binaries = (data: Data): Reader<Buffer> => {
  const bytes = bufferOf(data);
  const offset = offsetsOf(data);
  return (row) => bytes.subarray(offset(row), offset(row + 1));
};

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Which rows of the child a list or map holds. */
export const ranges = (data: Data): Reader<Range> => {
  const offset = offsetsOf(data);
  return (row) => ({ from: offset(row), to: offset(row + 1) });
};
