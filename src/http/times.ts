/** RFC 3339 in UTC with milliseconds. */
export function timestamp(epochMs: number): string;
export function timestamp(epochMs: number | null): string | null;
export function timestamp(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString();
}
