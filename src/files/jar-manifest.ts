/** The main section of a manifest: names in lower case, continued lines joined. */
export const manifestOf = (text: string): ReadonlyMap<string, string> => {
  const attributes = new Map<string, string>();
  const lines = text
    .replace(/\r\n?|\n/g, '\n')
    .replace(/\n /g, '')
    .split('\n');
  for (const line of lines) {
    if (line === '') break;
    const [, name = '', value = ''] = /^([\w-]+): ?(.*)$/.exec(line) ?? [];
    if (name !== '') attributes.set(name.toLowerCase(), value.trim());
  }
  return attributes;
};
