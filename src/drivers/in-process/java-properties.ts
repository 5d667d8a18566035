/** Reads the format of java.util.Properties, which spark-defaults.conf is written in. */
export const parseProperties = (text: string): ReadonlyMap<string, string> => {
  const entries = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const { key, value } = splitEntry(line);
    entries.set(plain(key), plain(value));
  }
  return entries;
};

/** Lines joined where one ends with an odd number of backslashes; no comments, none empty. */
const logicalLines = (text: string): readonly string[] => {
  const lines: string[] = [];
  let open: string | null = null;
  for (const natural of text.split(/\r\n|\r|\n/)) {
    const line = natural.replace(/^[ \t\f]+/, '');
    if (open === null && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    const joined: string = (open ?? '') + line;
    const continues = (/\\+$/.exec(joined)?.[0].length ?? 0) % 2 === 1;
    open = continues ? joined.slice(0, -1) : null;
    if (!continues) lines.push(joined);
  }
  if (open !== null) lines.push(open);
  return lines;
};

/** The key ends at the first unescaped `=`, `:` or white space. */
const splitEntry = (line: string): { key: string; value: string } => {
  const key = /^(?:\\.|[^\\=:\s])*/.exec(line)?.[0] ?? '';
  const value = line.slice(key.length).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '');
  return { key, value };
};

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

const plain = (text: string): string =>
  text.replace(/\\(?:u([0-9a-fA-F]{4})|(.?))/gs, (_, code: string | undefined, char: string) =>
    code === undefined ? (ESCAPES[char] ?? char) : String.fromCharCode(Number.parseInt(code, 16)),
  );
