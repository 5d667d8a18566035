/** Sessions, pools and contexts carry names; jobs and files carry UUIDv7. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
export const NAME_RULE = 'a letter or digit, then up to 63 letters, digits, underscores or hyphens';
export const isName = (text: string): boolean => NAME_PATTERN.test(text);
