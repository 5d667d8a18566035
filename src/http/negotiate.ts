interface Range {
  readonly type: string;
  readonly quality: number;
}

const rangesOf = (accept: string): readonly Range[] =>
  accept.split(',').flatMap((part) => {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    const value = quality === undefined ? 1 : Number(quality.slice(2));
    return type === '' || !(value >= 0 && value <= 1) ? [] : [{ type, quality: value }];
  });

/** How exactly a range names a type: 2 itself, 1 `text/*`, 0 anything; -1 when it does not. */
const closeness = (range: string, type: string): number => {
  if (range === type) return 2;
  if (range === '*/*') return 0;
  return range.endsWith('/*') && type.startsWith(range.slice(0, -1)) ? 1 : -1;
};

/** The closest range decides what a client thinks of a type: `text/*;q=0` loses to `text/csv`. */
const qualityOf = (ranges: readonly Range[], type: string): { quality: number; close: number } => {
  let best = { quality: 0, close: -1 };
  for (const range of ranges) {
    const close = closeness(range.type, type);
    if (close > best.close) best = { quality: range.quality, close };
  }
  return best;
};

/**
 * The type to answer with, or null when none is acceptable. Equal wishes are settled by how
 * exactly a type was named, then by our own order.
 */
export const negotiate = <T extends string>(
  accept: string | undefined,
  offered: readonly T[],
): T | null => {
  const ranges = rangesOf(accept === undefined || accept.trim() === '' ? '*/*' : accept);
  let best: { type: T; quality: number; close: number } | null = null;
  for (const type of offered) {
    const wish = qualityOf(ranges, type);
    if (wish.quality === 0) continue;
    const better =
      best === null ||
      wish.quality > best.quality ||
      (wish.quality === best.quality && wish.close > best.close);
    if (better) best = { type, ...wish };
  }
  return best?.type ?? null;
};
