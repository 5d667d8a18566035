/** Splits a line of JVM options at white space, with the quotes and escapes of Spark's launcher. */
export const splitOptions = (line: string): readonly string[] => {
  const options: string[] = [];
  let current = '';
  let open = false;
  let quote: string | null = null;
  for (let i = 0; i < line.length; i += 1) {
    const char = line[i] as string;
    const next = line[i + 1];
    if (char === '\\' && next !== undefined && quote !== "'") {
      current += next;
      open = true;
      i += 1;
    } else if (quote !== null) {
      if (char === quote) quote = null;
      else current += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      open = true;
    } else if (/\s/.test(char)) {
      if (open) options.push(current);
      current = '';
      open = false;
    } else {
      current += char;
      open = true;
    }
  }
  if (quote !== null) throw new SyntaxError(`a ${quote} is not closed`);
  if (open) options.push(current);
  return options;
};

/** Options that only the `java` command knows and that say nothing on a 64-bit JVM. */
const NO_MEANING = new Set(['-server', '-d64']);
/** Options that choose what the `java` command runs; an embedded JVM is given that by Libra. */
const LAUNCHER_ONLY = /^(-cp|-classpath|--class-path|-jar|-m|--module|-version|--version|-X|@.*)$/;
/** Modular options, which an embedded JVM takes in one word only. */
const TWO_WORDS = /^--(add-opens|add-exports|add-modules|add-reads|patch-module|module-path)$/;

export interface EmbeddedOptions {
  readonly options: readonly string[];
  readonly faults: readonly string[];
}

/** The options as JNI takes them, and those that it cannot take. */
export const embeddedOptions = (source: string, options: readonly string[]): EmbeddedOptions => {
  const taken: string[] = [];
  const faults: string[] = [];
  for (let i = 0; i < options.length; i += 1) {
    const option = options[i] as string;
    const next = options[i + 1];
    if (LAUNCHER_ONLY.test(option)) {
      faults.push(`${source}: ${option} is for the java command only`);
      if (/^(-cp|-classpath|--class-path|-jar|-m|--module)$/.test(option)) i += 1;
    } else if (TWO_WORDS.test(option) && next !== undefined) {
      taken.push(`${option}=${next}`);
      i += 1;
    } else if (!option.startsWith('-')) {
      faults.push(`${source}: ${option} is not a JVM option`);
    } else if (!NO_MEANING.has(option)) {
      taken.push(option);
    }
  }
  return { options: taken, faults };
};
