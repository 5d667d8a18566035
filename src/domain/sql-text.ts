/**
 * What can be told of Spark SQL by its text alone, after the lexer of Spark 4
 * (`SqlBaseLexer.g4`): how many statements there are, and whether one changes the session.
 *
 * Whatever Spark's lexer would stumble over (an open quote, an open comment) is taken as one
 * piece up to the end: Spark says what is wrong with it, and where. Scanned by hand rather than
 * by expressions, whose backtracking a text of a megabyte could exhaust.
 */

interface Token {
  readonly kind: 'word' | 'quoted' | 'symbol';
  /** Words in upper case, everything else as it stands. */
  readonly text: string;
}

const SPACE = /\s/u;
const WORD = /[\p{L}\p{N}_]+/uy;

const wordAt = (text: string, at: number): string | null => {
  WORD.lastIndex = at;
  return WORD.exec(text)?.[0] ?? null;
};

/** A backslash right before the line feed carries the comment on to the next line. */
const lineCommentEnd = (text: string, start: number): number => {
  let at = start + 2;
  while (at < text.length && text[at] !== '\n' && text[at] !== '\r') {
    at += text.startsWith('\\\n', at) ? 2 : 1;
  }
  return at;
};

const opensComment = (text: string, at: number): boolean =>
  text.startsWith('/*', at) && text[at + 2] !== '+';

/** Bracketed comments nest. `/*+` opens a hint, which is no comment. */
const bracketedCommentEnd = (text: string, start: number): number => {
  let depth = 0;
  let at = start;
  while (at < text.length) {
    if (opensComment(text, at)) {
      depth += 1;
      at += 2;
    } else if (text.startsWith('*/', at)) {
      depth -= 1;
      at += 2;
      if (depth === 0) return at;
    } else {
      at += 1;
    }
  }
  return at;
};

/** A doubled quote stands for itself; a backslash escapes, save in `backticks` and r'raw'. */
const quotedEnd = (text: string, start: number, quote: string, raw: boolean): number => {
  const escapes = !raw && quote !== '`';
  let at = start + 1;
  while (at < text.length) {
    if (escapes && text[at] === '\\') at += 2;
    else if (text[at] !== quote) at += 1;
    else if (!raw && text[at + 1] === quote) at += 2;
    else return at + 1;
  }
  return text.length;
};

const isQuote = (character: string | undefined): boolean =>
  character === "'" || character === '"' || character === '`';

const tokenAt = (text: string, at: number): Token => {
  const first = text[at] as string;
  if (isQuote(first)) {
    return { kind: 'quoted', text: text.slice(at, quotedEnd(text, at, first, false)) };
  }
  const second = text[at + 1];
  if ((first === 'r' || first === 'R') && (second === "'" || second === '"')) {
    return { kind: 'quoted', text: text.slice(at, quotedEnd(text, at + 1, second, true)) };
  }
  const word = wordAt(text, at);
  return word === null ? { kind: 'symbol', text: first } : { kind: 'word', text: word };
};

/** The tokens without spaces and comments. Lazy: most questions need the first few only. */
function* tokensOf(text: string): Generator<Token> {
  let at = 0;
  while (at < text.length) {
    if (SPACE.test(text[at] as string)) {
      at += 1;
    } else if (text.startsWith('--', at)) {
      at = lineCommentEnd(text, at);
    } else if (opensComment(text, at)) {
      at = bracketedCommentEnd(text, at);
    } else {
      const token = tokenAt(text, at);
      at += token.text.length;
      yield token.kind === 'word' ? { kind: 'word', text: token.text.toUpperCase() } : token;
    }
  }
}

const isWord = (token: Token | undefined, ...words: readonly string[]): boolean =>
  token?.kind === 'word' && words.includes(token.text);

/** What closes `END IF` and the like opens no block of its own here: only BEGIN and CASE nest. */
const BLOCK_TAILS = ['IF', 'WHILE', 'LOOP', 'REPEAT', 'FOR'];

const startsScript = (tokens: readonly Token[]): boolean =>
  isWord(tokens[0], 'BEGIN') || (tokens[1]?.text === ':' && isWord(tokens[2], 'BEGIN'));

/** The index behind the END of a script; the length where it never ends. */
const scriptEnd = (tokens: readonly Token[]): number => {
  let depth = 0;
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (isWord(token, 'BEGIN', 'CASE')) {
      depth += 1;
    } else if (isWord(token, 'END')) {
      const next = tokens[at + 1];
      if (isWord(next, ...BLOCK_TAILS)) continue;
      depth -= 1;
      if (isWord(next, 'CASE')) at += 1;
      if (depth === 0) return at + 1;
    }
  }
  return tokens.length;
};

const isSymbol = (token: Token | undefined, text: string): boolean =>
  token?.kind === 'symbol' && token.text === text;

/** Where the script at the beginning ends, the label behind its END included; 0 without one. */
const leadingScript = (tokens: readonly Token[]): number => {
  if (!startsScript(tokens)) return 0;
  const end = scriptEnd(tokens);
  const next = tokens[end + 1];
  const labelled = tokens[end]?.kind === 'word' && (next === undefined || isSymbol(next, ';'));
  return labelled ? end + 1 : end;
};

/**
 * How many statements stand in the text: empty ones between semicolons do not count, and a
 * `BEGIN … END` script is one.
 */
export const countStatements = (text: string): number => {
  const tokens = [...tokensOf(text)];
  const script = leadingScript(tokens);
  let count = script > 0 ? 1 : 0;
  let inStatement = false;
  for (const token of tokens.slice(script)) {
    const ends = isSymbol(token, ';');
    if (!ends && !inStatement) count += 1;
    inStatement = !ends;
  }
  return count;
};

/** `SET` alone, `SET -v` and `SET key` only read. */
const SET_FORMS = ['TIME', 'CATALOG', 'VAR', 'VARIABLE', 'ROLE', 'PATH'];

const setChanges = (tokens: readonly Token[]): boolean =>
  (isWord(tokens[1], ...SET_FORMS) && !isSymbol(tokens[2], '.')) ||
  tokens.some((token) => isSymbol(token, '='));

const createChanges = (tokens: readonly Token[]): boolean => {
  const at = isWord(tokens[1], 'OR') ? 3 : 1;
  const scoped = isWord(tokens[at], 'GLOBAL') ? at + 1 : at;
  return isWord(tokens[scoped], 'TEMP', 'TEMPORARY');
};

/**
 * Whether the statement changes something that lives in its session only, in its driver's memory:
 * a temporary view, function or variable, a setting, the current catalog or database. Such a
 * statement would do nothing on the clone that carries a statement's own settings, and what it
 * changed is gone when the driver is.
 *
 * In doubt the answer is yes: DROP and ALTER of a VIEW, and DROP TABLE, reach temporary views
 * before permanent ones; CACHE TABLE may make a view; ADD puts files and jars into the session;
 * EXECUTE IMMEDIATE and scripts can hold any of these. EXPLAIN runs nothing, a leading WITH or
 * parenthesis begins a query, and what goes to the catalog (CREATE TABLE, CREATE FUNCTION) is
 * not the session's.
 */
export const changesSession = (text: string): boolean => {
  const all = [...tokensOf(text)];
  const start = all.findIndex((token) => !isSymbol(token, ';'));
  if (start < 0) return false;
  const tokens = all.slice(start);
  if (startsScript(tokens)) return true;
  const [first, second] = tokens;
  if (first?.kind !== 'word') return false;
  switch (first.text) {
    case 'USE':
    case 'RESET':
    case 'DECLARE':
    case 'CACHE':
    case 'ADD':
      return true;
    case 'EXECUTE':
      return isWord(second, 'IMMEDIATE');
    case 'SET':
      return setChanges(tokens);
    case 'CREATE':
      return createChanges(tokens);
    case 'DROP':
      return isWord(second, 'TEMPORARY', 'TEMP', 'VIEW', 'TABLE');
    case 'ALTER':
      return isWord(second, 'VIEW');
    default:
      return false;
  }
};
