/** What Spark reads as more than the name of one file: lists, patterns, fragments, escapes. */
const SPECIAL = /[,*?[\]{}\\#%]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is about.
const CONTROL = /[\u0000-\u001f\u007f]/;

export const hasControl = (text: string): boolean => CONTROL.test(text);
export const isSpecialToSpark = (text: string): boolean => SPECIAL.test(text);
