import { Problem } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import type { Job } from '../domain/job.ts';
import type { JobStore } from '../store/store.ts';
import type { ActiveJobs } from './active-jobs.ts';
import type { Idempotency, Submitted } from './commands.ts';
import { joinSecrets, missingSecrets } from './secrets.ts';
import type { Submission } from './submission.ts';

type Settings = Readonly<Record<string, string>>;

export interface RerunOptions {
  readonly store: JobStore;
  readonly jobs: ActiveJobs;
  readonly submission: Submission;
}

/** A new job with the request of another one, for the one who asks now. */
export class Rerun {
  readonly #options: RerunOptions;

  constructor(options: RerunOptions) {
    this.#options = options;
  }

  async run(
    identity: Identity,
    job: Job,
    overrides: Settings | null,
    requestId: string,
    idempotency: Idempotency | null,
  ): Promise<Submitted> {
    this.#options.submission.requireOpen(identity);
    const whole = await this.#wholeRequest(identity, job);
    const sparkConfig = { ...whole.sparkConfig, ...overrides };
    const missing = missingSecrets(sparkConfig);
    if (missing.length > 0) {
      throw new Problem(
        'SECRETS_GONE',
        `The history does not keep secrets: send sparkConfig with ${missing.join(', ')}.`,
        { errors: missing.map((key) => ({ field: `sparkConfig.${key}`, message: 'is needed' })) },
      );
    }
    return this.#options.submission.submit({
      identity,
      sessionId: job.sessionId,
      request: { ...whole, sparkConfig },
      requestId,
      idempotency:
        idempotency === null
          ? null
          : { ...idempotency, body: { jobId: job.id, sparkConfig: overrides } },
    });
  }

  /** Secrets of an active job are still there, but for its owner alone. */
  async #wholeRequest(identity: Identity, job: Job) {
    if (job.owner !== identity.name) return job.request;
    const active = this.#options.jobs.get(job.id);
    if (active !== undefined) return active.request;
    return joinSecrets(job.request, await this.#options.store.secrets(job.id));
  }
}
