/** What the value of a secret setting looks like to everyone, as in Spark's own UI. */
export const REDACTED = '*********(redacted)';

/** The source of a case-insensitive expression that keys of secret settings match. */
export const DEFAULT_REDACTION_PATTERN = 'secret|password|token|access.?key|credential';

/** Whether a setting's value may not be shown, stored longer than needed, or logged. */
export const isSecretKey = (key: string, pattern: string = DEFAULT_REDACTION_PATTERN): boolean =>
  new RegExp(pattern, 'i').test(key);

/** The same settings with the values of secret ones replaced. */
export const redact = (
  settings: Readonly<Record<string, string>>,
  pattern: string = DEFAULT_REDACTION_PATTERN,
): Readonly<Record<string, string>> => {
  const secret = new RegExp(pattern, 'i');
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [key, secret.test(key) ? REDACTED : value]),
  );
};
