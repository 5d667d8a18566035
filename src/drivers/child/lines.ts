const LINE_END = 10;

/** Takes a stream apart into lines, wherever its pieces end, and holds no more than one of them. */
export class Lines {
  readonly #longest: number;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(longest: number) {
    this.#longest = longest;
  }

  /** The lines that end in this piece, at most so many; null when one is longer than allowed. */
  take(piece: Buffer, most = Number.POSITIVE_INFINITY): readonly string[] | null {
    const lines: string[] = [];
    let from = 0;
    while (lines.length < most) {
      const end = piece.indexOf(LINE_END, from);
      if (end < 0) break;
      if (this.#length + end - from > this.#longest) return null;
      lines.push(this.#with(piece.subarray(from, end)));
      from = end + 1;
    }
    if (from < piece.length) this.#hold(piece.subarray(from));
    return lines.length < most && this.#length > this.#longest ? null : lines;
  }

  /** What has come behind the last line that was taken. */
  rest(): Buffer {
    return Buffer.concat(this.#parts);
  }

  #hold(piece: Buffer): void {
    this.#parts.push(piece);
    this.#length += piece.length;
  }

  #with(last: Buffer): string {
    if (this.#parts.length === 0) return last.toString('utf8');
    const whole = Buffer.concat([...this.#parts, last]).toString('utf8');
    this.#parts = [];
    this.#length = 0;
    return whole;
  }
}
