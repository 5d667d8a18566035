import type { Identity } from '../domain/identity.ts';
import type { Job, JobRequest } from '../domain/job.ts';

export interface Idempotency {
  readonly key: string;
  readonly operation: string;
  /** The parsed body: the use case hashes what counts. */
  readonly body: unknown;
}

export interface SubmitCommand {
  readonly identity: Identity;
  readonly sessionId: string;
  readonly request: JobRequest;
  readonly requestId: string;
  readonly idempotency: Idempotency | null;
}

export interface Submitted {
  readonly job: Job;
  readonly replayed: boolean;
}
