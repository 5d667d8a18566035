import { v7 as uuid } from 'uuid';
import { Problem } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import { hasRole } from '../domain/identity.ts';
import type { ExecutorKind, Job, JobRequest } from '../domain/job.ts';
import type { Lease } from '../sessions/session-lease.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import type { IdempotencyKey, Store } from '../store/store.ts';
import type { Clock } from '../util/clock.ts';
import { activeJob } from './active-jobs.ts';
import type { Idempotency, SubmitCommand, Submitted } from './commands.ts';
import type { Reservation } from './dispatcher.ts';
import type { IdempotencyKeys } from './idempotency-keys.ts';
import { replayed } from './idempotency-keys.ts';
import type { JobMachine } from './job-machine.ts';
import type { JobStopper } from './job-stopper.ts';
import type { Lanes } from './lanes.ts';
import type { Routing } from './routing.ts';
import { splitSecrets } from './secrets.ts';
import { checkStatement } from './statement-rules.ts';
import { turnKey } from './turns.ts';

export interface SubmissionOptions {
  readonly store: Store;
  readonly machine: JobMachine;
  readonly stopper: JobStopper;
  readonly lanes: Lanes;
  readonly sessions: SessionRegistry;
  readonly routing: Routing;
  readonly keys: IdempotencyKeys;
  readonly clock: Clock;
  readonly pools: readonly string[];
  readonly serverId: string;
  readonly redactionPattern: string;
  /** Throws while nothing is taken: before the settling, and from the drain on. */
  readonly requireOpen: () => void;
  /** A job as it is now, live or stored. */
  readonly jobOf: (id: string) => Promise<Job | null>;
}

const QUEUE_RETRY_AFTER_SECONDS = 2;

/** The way of a statement from a request to the queue. What is refused leaves nothing behind. */
export class Submission {
  readonly #options: SubmissionOptions;

  constructor(options: SubmissionOptions) {
    this.#options = options;
  }

  async submit(command: SubmitCommand): Promise<Submitted> {
    const { identity, request } = command;
    this.requireOpen(identity);
    checkStatement(request, this.#options.pools);
    const key = await this.#keyOf(identity, command.idempotency);
    const known = key === null ? null : await this.#known(key);
    if (known !== null) return { job: known, replayed: true };
    const executor = await this.#options.routing.route(identity, request);
    const place = this.#place(executor, request.pool);
    try {
      return await this.#enter(command, executor, key, place);
    } finally {
      place.release();
    }
  }

  requireOpen(identity: Identity): void {
    if (!hasRole(identity, 'user')) {
      throw new Problem('FORBIDDEN', 'This needs the role "user".');
    }
    this.#options.requireOpen();
  }

  async #enter(
    command: SubmitCommand,
    executor: ExecutorKind,
    key: IdempotencyKey | null,
    place: Reservation,
  ): Promise<Submitted> {
    const { sessions, store, redactionPattern } = this.#options;
    const id = uuid();
    const lease = await sessions.lease(command.identity, command.sessionId, id);
    try {
      const { kept, secrets } = splitSecrets(command.request, redactionPattern);
      const job = this.#newJob(id, executor, command, kept);
      const answer = await store.jobs.create({ job, secrets, idempotency: key });
      if (!answer.created) {
        lease.release();
        return { job: await this.#replay(key as IdempotencyKey, answer), replayed: true };
      }
      place.release();
      return { job: this.#admit(job, command.request, lease), replayed: false };
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  #admit(job: Job, request: JobRequest, lease: Lease): Job {
    const { machine, lanes, stopper } = this.#options;
    const active = activeJob(job, request, lease);
    machine.admit(active);
    // The session may have ended while the job was on its way to the disk.
    if (lease.closing !== null) void stopper.leaseClosed(active, lease.closing);
    lanes.of(job.executor).enqueue(job.id, request.pool, turnKey(job));
    return active.job;
  }

  #place(executor: ExecutorKind, pool: string): Reservation {
    const place = this.#options.lanes.of(executor).reserve(pool);
    if (place !== null) return place;
    throw new Problem('QUEUE_FULL', 'The queue is full.', {
      retryAfterSeconds: QUEUE_RETRY_AFTER_SECONDS,
    });
  }

  async #keyOf(
    identity: Identity,
    idempotency: Idempotency | null,
  ): Promise<IdempotencyKey | null> {
    return idempotency === null ? null : this.#options.keys.keyOf(identity.name, idempotency);
  }

  async #known(key: IdempotencyKey): Promise<Job | null> {
    const known = await this.#options.store.findKeyed(key.owner, key.operation, key.key);
    return known === null ? null : this.#replay(key, known);
  }

  async #replay(
    key: IdempotencyKey,
    known: { readonly resourceId: string; readonly bodyHash: string },
  ): Promise<Job> {
    const job = await this.#options.jobOf(replayed(key, known));
    if (job === null) throw new Problem('NOT_FOUND', 'The job of this key was just removed.');
    return job;
  }

  #newJob(id: string, executor: ExecutorKind, command: SubmitCommand, request: JobRequest): Job {
    const { clock, lanes, serverId } = this.#options;
    return {
      id,
      sessionId: command.sessionId,
      owner: command.identity.name,
      executor,
      state: 'QUEUED',
      attempt: 1,
      request,
      requestId: command.requestId,
      submittedAt: clock.now(),
      startedAt: null,
      completedAt: null,
      progress: 0,
      waitingFor: lanes.of(executor).nextWaitsFor(request.pool),
      cancelCause: null,
      error: null,
      result: null,
      applicationId: null,
      sparkUiUrl: null,
      resultPrunedAt: null,
      serverId,
      lastEventId: 0,
    };
  }
}
