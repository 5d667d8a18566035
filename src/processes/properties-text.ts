/** In the format of java.util.Properties, which Spark reads as UTF-8. */
export const propertiesText = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([key, value]) => `${escaped(key)}=${escaped(value)}\n`)
    .join('');

const NAMED: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
};

/** Every character that could mean something there, and every one that an encoding could change. */
const escaped = (text: string): string =>
  text.replace(
    /[^A-Za-z0-9_./@,;*()[\]{}<>|?&%$+'"`~^-]/g,
    (char) => NAMED[char] ?? (/[\x20-\x7e]/.test(char) ? `\\${char}` : unicode(char)),
  );

const unicode = (char: string): string =>
  [...char.split('')]
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
