import type { JobRequest } from '../domain/job.ts';
import { isSecretKey, REDACTED, redact } from '../domain/redaction.ts';
import type { JobSecrets } from '../store/store.ts';

/** The request as the history keeps it, and what it must not keep. */
export const splitSecrets = (
  request: JobRequest,
  pattern: string,
): { readonly kept: JobRequest; readonly secrets: JobSecrets | null } => {
  const secret = Object.entries(request.sparkConfig).filter(([key]) => isSecretKey(key, pattern));
  if (secret.length === 0) return { kept: request, secrets: null };
  return {
    kept: { ...request, sparkConfig: redact(request.sparkConfig, pattern) },
    secrets: Object.fromEntries(secret),
  };
};

/** The whole request again. */
export const joinSecrets = (kept: JobRequest, secrets: JobSecrets | null): JobRequest =>
  secrets === null ? kept : { ...kept, sparkConfig: { ...kept.sparkConfig, ...secrets } };

/** The keys whose values the history has forgotten. */
export const missingSecrets = (settings: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(settings).flatMap(([key, value]) => (value === REDACTED ? [key] : []));
