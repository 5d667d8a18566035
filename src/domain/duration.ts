const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const PATTERN = /^(\d{1,12})(ms|s|m|h)$/;

export const DURATION_RULE = 'a whole number and a unit: ms, s, m or h, such as 30s';

/** Milliseconds, or null when the text is not a duration. */
export const parseDuration = (text: string): number | null => {
  const match = PATTERN.exec(text);
  if (match === null) return null;
  const [, digits, unit] = match;
  const milliseconds = Number(digits) * UNITS[unit as keyof typeof UNITS];
  return Number.isSafeInteger(milliseconds) ? milliseconds : null;
};
