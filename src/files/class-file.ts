/** What a compiled class says of itself, as far as a `main` goes. */
export interface ClassOutline {
  readonly superName: string | null;
  readonly interfaces: readonly string[];
  /** `public static void main(String[])`, declared by the class itself. */
  readonly hasMain: boolean;
}

const MAGIC = 0xcafebabe;
const PUBLIC_STATIC = 0x0001 | 0x0008;
/** Bytes behind the tag of each kind of constant (JVM specification, 4.4); text says its length. */
const CONSTANT_BYTES: Readonly<Record<number, number>> = {
  3: 4,
  4: 4,
  5: 8,
  6: 8,
  7: 2,
  8: 2,
  9: 4,
  10: 4,
  11: 4,
  12: 4,
  15: 3,
  16: 2,
  17: 4,
  18: 4,
  19: 2,
  20: 2,
};
const TEXT = 1;
const CLASS = 7;
/** These take two places in the pool. */
const WIDE = [5, 6];

/** Null for what cannot be read as a class: then only a run can tell. */
export const outlineOf = (bytes: Buffer): ClassOutline | null => {
  try {
    return new Reader(bytes).outline();
  } catch {
    return null;
  }
};

class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  readonly #texts = new Map<number, string>();
  readonly #classes = new Map<number, number>();

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  outline(): ClassOutline {
    if (this.#bytes.readUInt32BE(0) !== MAGIC) throw new TypeError('no class');
    this.#at = 8;
    this.#readConstants();
    this.#at += 4;
    const superName = this.#className(this.#short());
    const interfaces = this.#times(this.#short(), () => this.#className(this.#short()) ?? '');
    this.#times(this.#short(), () => this.#isMain());
    const hasMain = this.#times(this.#short(), () => this.#isMain()).includes(true);
    return { superName, interfaces, hasMain };
  }

  #readConstants(): void {
    const count = this.#short();
    for (let index = 1; index < count; index += 1) {
      const tag = this.#bytes.readUInt8(this.#at);
      this.#at += 1;
      if (tag === TEXT) {
        const length = this.#short();
        this.#texts.set(index, this.#bytes.toString('utf8', this.#at, this.#at + length));
        this.#at += length;
        continue;
      }
      const bytes = CONSTANT_BYTES[tag];
      if (bytes === undefined) throw new TypeError('an unknown constant');
      if (tag === CLASS) this.#classes.set(index, this.#bytes.readUInt16BE(this.#at));
      this.#at += bytes;
      if (WIDE.includes(tag)) index += 1;
    }
  }

  /** Reads a field or a method to its end; says whether it is the `main` that Java starts. */
  #isMain(): boolean {
    const flags = this.#short();
    const name = this.#texts.get(this.#short());
    const descriptor = this.#texts.get(this.#short());
    this.#times(this.#short(), () => {
      this.#at += 2;
      this.#at += 4 + this.#bytes.readUInt32BE(this.#at);
    });
    return (
      (flags & PUBLIC_STATIC) === PUBLIC_STATIC &&
      name === 'main' &&
      descriptor === '([Ljava/lang/String;)V'
    );
  }

  #className(index: number): string | null {
    return this.#texts.get(this.#classes.get(index) ?? 0) ?? null;
  }

  #short(): number {
    const value = this.#bytes.readUInt16BE(this.#at);
    this.#at += 2;
    return value;
  }

  #times<T>(count: number, read: () => T): T[] {
    return Array.from({ length: count }, read);
  }
}
