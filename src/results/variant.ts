import { type Instant, instantOf } from './civil-time.ts';

/** One value of a variant, read from Spark's binary form. */
export type VariantValue =
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'decimal'; readonly unscaled: bigint; readonly scale: number }
  | { readonly kind: 'double' | 'float'; readonly value: number }
  | { readonly kind: 'date'; readonly epochDay: number }
  | { readonly kind: 'timestamp' | 'timestamp_ntz'; readonly instant: Instant }
  | { readonly kind: 'binary'; readonly bytes: Buffer }
  | { readonly kind: 'string' | 'uuid'; readonly text: string }
  | { readonly kind: 'array'; readonly size: number; element(index: number): VariantValue }
  | {
      readonly kind: 'object';
      readonly size: number;
      key(index: number): string;
      value(index: number): VariantValue;
    };

/** The dictionary of an object's keys: the second of the two binaries that make a variant. */
class Keys {
  readonly #bytes: Buffer;
  readonly #width: number;
  readonly #size: number;

  constructor(metadata: Buffer) {
    const header = metadata.readUInt8(0);
    if ((header & 0x0f) !== 1) throw new Error(`Unknown version of a variant: ${header & 0x0f}`);
    this.#bytes = metadata;
    this.#width = (header >> 6) + 1;
    this.#size = metadata.readUIntLE(1, this.#width);
  }

  at(id: number): string {
    if (id >= this.#size) throw new Error('A variant names a key that it does not hold');
    const offsets = 1 + this.#width;
    const texts = offsets + (this.#size + 1) * this.#width;
    const from = this.#bytes.readUIntLE(offsets + id * this.#width, this.#width);
    const to = this.#bytes.readUIntLE(offsets + (id + 1) * this.#width, this.#width);
    return this.#bytes.toString('utf8', texts + from, texts + to);
  }
}

const little = (bytes: Buffer, at: number, length: 4 | 8 | 16): bigint => {
  if (length === 4) return BigInt(bytes.readInt32LE(at));
  if (length === 8) return bytes.readBigInt64LE(at);
  return (bytes.readBigInt64LE(at + 8) << 64n) + bytes.readBigUInt64LE(at);
};

/** A decimal counts without the zeros at its end, as Spark reads it. */
const decimal = (bytes: Buffer, at: number, length: 4 | 8 | 16): VariantValue => {
  let scale = bytes.readUInt8(at);
  let unscaled = little(bytes, at + 1, length);
  while (scale > 0 && unscaled % 10n === 0n) {
    unscaled /= 10n;
    scale -= 1;
  }
  return { kind: 'decimal', unscaled, scale };
};

const slice = (bytes: Buffer, at: number, size: number): Buffer => {
  if (at + size > bytes.length) throw new Error('A variant ends too early');
  return bytes.subarray(at, at + size);
};

const sized = (bytes: Buffer, at: number): Buffer => slice(bytes, at + 4, bytes.readUInt32LE(at));

const uuid = (bytes: Buffer, at: number): string => {
  const hex = slice(bytes, at, 16).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
};

const primitive = (bytes: Buffer, type: number, at: number): VariantValue => {
  switch (type) {
    case 0:
      return { kind: 'null' };
    case 1:
    case 2:
      return { kind: 'boolean', value: type === 1 };
    case 3:
      return { kind: 'integer', value: BigInt(bytes.readInt8(at)) };
    case 4:
      return { kind: 'integer', value: BigInt(bytes.readInt16LE(at)) };
    case 5:
      return { kind: 'integer', value: BigInt(bytes.readInt32LE(at)) };
    case 6:
      return { kind: 'integer', value: bytes.readBigInt64LE(at) };
    case 7:
      return { kind: 'double', value: bytes.readDoubleLE(at) };
    case 8:
      return decimal(bytes, at, 4);
    case 9:
      return decimal(bytes, at, 8);
    case 10:
      return decimal(bytes, at, 16);
    case 11:
      return { kind: 'date', epochDay: bytes.readInt32LE(at) };
    case 12:
    case 13:
      return {
        kind: type === 12 ? 'timestamp' : 'timestamp_ntz',
        instant: instantOf(bytes.readBigInt64LE(at)),
      };
    case 14:
      return { kind: 'float', value: bytes.readFloatLE(at) };
    case 15:
      return { kind: 'binary', bytes: sized(bytes, at) };
    case 16:
      return { kind: 'string', text: sized(bytes, at).toString('utf8') };
    case 20:
      return { kind: 'uuid', text: uuid(bytes, at) };
    default:
      throw new Error(`Unknown type in a variant: ${type}`);
  }
};

const compound = (bytes: Buffer, at: number, isObject: boolean, keys: Keys): VariantValue => {
  const info = bytes.readUInt8(at) >> 2;
  const large = (isObject ? info >> 4 : info >> 2) & 1;
  const size = large === 1 ? bytes.readUInt32LE(at + 1) : bytes.readUInt8(at + 1);
  const offsetWidth = (info & 3) + 1;
  const idWidth = isObject ? ((info >> 2) & 3) + 1 : 0;
  const ids = at + 1 + (large === 1 ? 4 : 1);
  const offsets = ids + size * idWidth;
  const values = offsets + (size + 1) * offsetWidth;
  const value = (index: number): VariantValue =>
    read(bytes, values + bytes.readUIntLE(offsets + index * offsetWidth, offsetWidth), keys);
  if (!isObject) return { kind: 'array', size, element: value };
  const key = (index: number) => keys.at(bytes.readUIntLE(ids + index * idWidth, idWidth));
  return { kind: 'object', size, key, value };
};

const read = (bytes: Buffer, at: number, keys: Keys): VariantValue => {
  const header = bytes.readUInt8(at);
  const info = header >> 2;
  switch (header & 3) {
    case 0:
      return primitive(bytes, info, at + 1);
    case 1:
      return { kind: 'string', text: slice(bytes, at + 1, info).toString('utf8') };
    default:
      return compound(bytes, at, (header & 3) === 2, keys);
  }
};

/** The format is that of github.com/apache/parquet-format, VariantEncoding.md. */
export const readVariant = (value: Buffer, metadata: Buffer): VariantValue =>
  read(value, 0, new Keys(metadata));
