const LONGEST_BYTES = 180;
const LONGEST_EXTENSION = 16;

/** What is no plain character of a name, or means more than itself to Spark. */
const STRANGE = /[\p{C}\p{Zl}\p{Zp}/\\,*?[\]{}#%:]/gu;

/**
 * The name of an upload as the last part of a path: no folders, nothing that Spark or a shell of
 * somebody would read as more than a name, and the extension that the client gave it.
 */
export const uploadName = (given: string | null): string => {
  const last = (given ?? '').split(/[/\\]/).at(-1) ?? '';
  const plain = last
    .normalize('NFC')
    .replace(STRANGE, '_')
    .trim()
    .replace(/^[.\s-]+/, '');
  if (plain === '') return 'file';
  const dot = plain.lastIndexOf('.');
  const hasExtension = dot > 0 && plain.length - dot <= LONGEST_EXTENSION;
  const extension = hasExtension ? plain.slice(dot) : '';
  const stem = hasExtension ? plain.slice(0, dot) : plain;
  return cut(stem, LONGEST_BYTES - Buffer.byteLength(extension)) + extension;
};

/** Whole characters only. */
const cut = (text: string, maxBytes: number): string => {
  let kept = '';
  let bytes = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    kept += character;
  }
  return kept;
};
