import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipMember {
  readonly name: string;
  readonly content: string | Buffer;
  readonly stored?: boolean;
}

/** A zip archive, written by hand: what JDK tools make, without a JDK. */
export const zipOf = (members: readonly ZipMember[], comment = ''): Buffer => {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, content, stored = false } of members) {
    const raw = Buffer.from(content);
    const packed = stored ? raw : deflateRawSync(raw);
    const title = Buffer.from(name);
    const facts = Buffer.alloc(26);
    facts.writeUInt16LE(20, 0);
    facts.writeUInt16LE(0x0800, 2);
    facts.writeUInt16LE(stored ? 0 : 8, 4);
    facts.writeUInt32LE(crc32(raw), 10);
    facts.writeUInt32LE(packed.length, 14);
    facts.writeUInt32LE(raw.length, 18);
    facts.writeUInt16LE(title.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), facts, title, packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), facts, rest, title]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const isWide = members.length > 0xffff;
  const end = Buffer.alloc(18);
  end.writeUInt16LE(isWide ? 0xffff : members.length, 4);
  end.writeUInt16LE(isWide ? 0xffff : members.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  end.writeUInt16LE(Buffer.byteLength(comment), 16);
  return Buffer.concat([
    ...locals,
    directory,
    ...(isWide ? [wideEnd(members.length, directory.length, offset)] : []),
    Buffer.from('PK\x05\x06', 'latin1'),
    end,
    Buffer.from(comment),
  ]);
};

/** The end record of zip64, with its locator behind it. */
const wideEnd = (entries: number, size: number, start: number): Buffer => {
  const record = Buffer.alloc(52);
  record.writeBigUInt64LE(44n, 0);
  record.writeBigUInt64LE(BigInt(entries), 20);
  record.writeBigUInt64LE(BigInt(entries), 28);
  record.writeBigUInt64LE(BigInt(size), 36);
  record.writeBigUInt64LE(BigInt(start), 44);
  const locator = Buffer.alloc(16);
  locator.writeBigUInt64LE(BigInt(start + size), 4);
  locator.writeUInt32LE(1, 12);
  const mark = (text: string) => Buffer.from(text, 'latin1');
  return Buffer.concat([mark('PK\x06\x06'), record, mark('PK\x06\x07'), locator]);
};

/** The class file of an empty class, with a `main` where it is asked for. */
export const classFile = (
  name: string,
  options: { readonly main?: boolean; readonly flags?: number; readonly superName?: string } = {},
): Buffer => {
  const { main = true, flags = 0x0009, superName = 'java/lang/Object' } = options;
  const text = (value: string): Buffer => {
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from([1, bytes.length >> 8, bytes.length & 0xff]), bytes]);
  };
  const short = (...values: number[]): Buffer =>
    Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]));
  return Buffer.concat([
    Buffer.from('cafebabe0000003d', 'hex'),
    // A long takes two places of the pool: 7 and 8.
    short(9),
    text(name.replaceAll('.', '/')),
    Buffer.from([7, 0, 1]),
    text(superName),
    Buffer.from([7, 0, 3]),
    text('main'),
    text('([Ljava/lang/String;)V'),
    Buffer.from([5, 0, 0, 0, 0, 0, 0, 0, 1]),
    short(0x0021, 2, 4, 0, 0, main ? 1 : 0),
    ...(main ? [short(flags, 5, 6, 0)] : []),
    short(0),
  ]);
};

export const jarOf = (mainClass: string | null, ...members: ZipMember[]): Buffer =>
  zipOf([
    {
      name: 'META-INF/MANIFEST.MF',
      content: `Manifest-Version: 1.0\r\n${mainClass === null ? '' : `Main-Class: ${mainClass}\r\n`}\r\n`,
    },
    ...members,
  ]);

export const classMember = (
  name: string,
  options: Parameters<typeof classFile>[1] = {},
): ZipMember => ({
  name: `${name.replaceAll('.', '/')}.class`,
  content: classFile(name, options),
});
