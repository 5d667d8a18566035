import type { ErrorCode } from './errors.ts';
import type { JobError } from './job.ts';

/** An error of our own making: what only Spark can tell stays null. */
export const jobError = (code: ErrorCode, message: string, retryable = false): JobError => ({
  code,
  message,
  errorClass: null,
  sqlState: null,
  position: null,
  cause: null,
  hint: null,
  retryable,
});
