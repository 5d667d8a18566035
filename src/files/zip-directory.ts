import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';

/** The file is no zip, or none that Java would open. */
export class NotAZipError extends Error {
  override readonly name = 'NotAZipError';
}

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly encrypted: boolean;
  readonly packedSize: number;
  /** Of its local header. */
  readonly offset: number;
}

/** Where the central directory lies. */
interface Directory {
  readonly start: number;
  readonly size: number;
  readonly entries: number;
  /** Bytes in front of the archive, as of a script that starts it: offsets do not count them. */
  readonly shift: number;
}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const END_64_BYTES = 56;
const ENTRY_BYTES = 46;
const LONGEST_COMMENT = 0xffff;
const CHUNK = 256 * 1024;
/** Far more than a jar with every library in it has. */
const MOST_ENTRIES = 2_000_000;
const STORED = 0;
const DEFLATED = 8;

const inflate = promisify(inflateRaw);

/** Each entry of the central directory, read in pieces: a jar may have a million of them. */
export const zipEntries = async function* (handle: FileHandle): AsyncGenerator<ZipEntry> {
  const directory = await findDirectory(handle);
  const end = directory.start + directory.size;
  let at = directory.start;
  let left: Buffer = Buffer.alloc(0);
  for (let entry = 0; entry < directory.entries; entry += 1) {
    if (left.length < ENTRY_BYTES + 3 * LONGEST_COMMENT && at < end) {
      const more = await readAt(handle, at, Math.min(CHUNK, end - at));
      at += more.length;
      left = Buffer.concat([left, more]);
    }
    if (left.length < ENTRY_BYTES || left.readUInt32LE(0) !== ENTRY) throw damaged();
    const nameEnd = ENTRY_BYTES + left.readUInt16LE(28);
    const extraEnd = nameEnd + left.readUInt16LE(30);
    const next = extraEnd + left.readUInt16LE(32);
    if (next > left.length) throw damaged();
    yield entryOf(left.subarray(0, next), nameEnd, extraEnd, directory.shift);
    left = left.subarray(next);
  }
};

/** The content of an entry, which has to fit into `limit` bytes. */
export const zipContent = async (
  handle: FileHandle,
  entry: ZipEntry,
  limit: number,
): Promise<Buffer> => {
  if (entry.encrypted || entry.packedSize > limit) throw damaged();
  const header = await readAt(handle, entry.offset, 30);
  if (header.readUInt32LE(0) !== LOCAL) throw damaged();
  const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const packed = await readAt(handle, start, entry.packedSize);
  if (entry.method === STORED) return packed;
  if (entry.method !== DEFLATED) throw damaged();
  try {
    return await inflate(packed, { maxOutputLength: limit });
  } catch (cause) {
    throw damaged(cause);
  }
};

const entryOf = (bytes: Buffer, nameEnd: number, extraEnd: number, shift: number): ZipEntry => {
  const wide = wideFields(bytes, bytes.subarray(nameEnd, extraEnd));
  return {
    name: bytes.toString('utf8', ENTRY_BYTES, nameEnd),
    method: bytes.readUInt16LE(10),
    encrypted: (bytes.readUInt16LE(8) & 1) === 1,
    packedSize: wide.packedSize,
    offset: wide.offset + shift,
  };
};

/** A field of 32 bits that is full stands in the extra field, in 64. */
const wideFields = (
  bytes: Buffer,
  extra: Buffer,
): { readonly packedSize: number; readonly offset: number } => {
  const packedSize = bytes.readUInt32LE(20);
  const offset = bytes.readUInt32LE(42);
  if (packedSize !== FULL_32 && offset !== FULL_32) return { packedSize, offset };
  let values = extraField(extra, 1);
  const take = (narrow: number): number => {
    if (narrow !== FULL_32) return narrow;
    if (values.length < 8) throw damaged();
    const value = safe(values.readBigUInt64LE(0));
    values = values.subarray(8);
    return value;
  };
  take(bytes.readUInt32LE(24));
  return { packedSize: take(packedSize), offset: take(offset) };
};

const FULL_32 = 0xffffffff;
const FULL_16 = 0xffff;

const extraField = (extra: Buffer, id: number): Buffer => {
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === id) return extra.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  return Buffer.alloc(0);
};

const findDirectory = async (handle: FileHandle): Promise<Directory> => {
  const { size } = await handle.stat();
  if (size < END_BYTES) throw new NotAZipError('It is too short for a zip archive');
  const tailStart = Math.max(0, size - END_BYTES - LONGEST_COMMENT - LOCATOR_BYTES);
  const tail = await readAt(handle, tailStart, size - tailStart);
  const end = endIn(tail);
  if (end === null) throw new NotAZipError('It has no end of a zip archive');
  const directory =
    (await wideDirectory(handle, tail, end)) ?? narrowDirectory(tail, end, tailStart + end);
  if (directory.shift < 0 || directory.entries > MOST_ENTRIES) throw damaged();
  // An entry takes so many bytes at least: whoever says more lies.
  if (directory.entries * ENTRY_BYTES > directory.size) throw damaged();
  return directory;
};

/** The comment behind it fills the file to its end: so a comment cannot look like another end. */
const endIn = (tail: Buffer): number | null => {
  for (let at = tail.length - END_BYTES; at >= 0; at -= 1) {
    if (tail.readUInt32LE(at) !== END) continue;
    if (at + END_BYTES + tail.readUInt16LE(at + 20) === tail.length) return at;
  }
  return null;
};

const narrowDirectory = (tail: Buffer, end: number, endAt: number): Directory => {
  const size = tail.readUInt32LE(end + 12);
  const start = endAt - size;
  return {
    start,
    size,
    entries: tail.readUInt16LE(end + 10),
    shift: start - tail.readUInt32LE(end + 16),
  };
};

const wideDirectory = async (
  handle: FileHandle,
  tail: Buffer,
  end: number,
): Promise<Directory | null> => {
  const locator = end - LOCATOR_BYTES;
  if (locator < 0 || tail.readUInt32LE(locator) !== LOCATOR_64) return null;
  const full =
    tail.readUInt16LE(end + 10) === FULL_16 ||
    tail.readUInt32LE(end + 12) === FULL_32 ||
    tail.readUInt32LE(end + 16) === FULL_32;
  if (!full) return null;
  const at = safe(tail.readBigUInt64LE(locator + 8));
  const bytes = await readAt(handle, at, END_64_BYTES);
  if (bytes.readUInt32LE(0) !== END_64) throw damaged();
  const size = safe(bytes.readBigUInt64LE(40));
  const start = at - size;
  return {
    start,
    size,
    entries: safe(bytes.readBigUInt64LE(32)),
    shift: start - safe(bytes.readBigUInt64LE(48)),
  };
};

const readAt = async (handle: FileHandle, at: number, length: number): Promise<Buffer> => {
  if (at < 0) throw damaged();
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, at + filled);
    if (bytesRead === 0) throw damaged();
    filled += bytesRead;
  }
  return buffer;
};

const safe = (value: bigint): number => {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged();
  return Number(value);
};

const damaged = (cause: unknown = null): NotAZipError =>
  new NotAZipError('The zip archive is damaged', { cause });
