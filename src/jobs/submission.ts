import { v7 as uuid } from 'uuid';
import { Problem } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import { hasRole } from '../domain/identity.ts';
import type { Job, JobRequest } from '../domain/job.ts';
import type { IdempotencyKey, Store } from '../store/store.ts';
import type { Clock } from '../util/clock.ts';
import { activeJob } from './active-jobs.ts';
import type { Idempotency, SubmitCommand, Submitted } from './commands.ts';
import type { IdempotencyKeys } from './idempotency-keys.ts';
import { replayed } from './idempotency-keys.ts';
import type { JobMachine } from './job-machine.ts';
import type { JobPlace, JobPlaces, Route } from './job-places.ts';
import type { JobStopper } from './job-stopper.ts';
import type { Routing } from './routing.ts';
import { splitSecrets } from './secrets.ts';
import { checkPool, checkStatement } from './statement-rules.ts';
import { turnKey } from './turns.ts';
import type { FullQueue, Reservation } from './waiting-room.ts';

export interface SubmissionOptions {
  readonly store: Store;
  readonly machine: JobMachine;
  readonly stopper: JobStopper;
  readonly places: JobPlaces;
  readonly routing: Routing;
  readonly keys: IdempotencyKeys;
  readonly clock: Clock;
  /** The names of those that there are now. */
  readonly pools: () => readonly string[];
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
    checkStatement(request);
    const key = await this.#keyOf(identity, command.idempotency);
    const known = key === null ? null : await this.#known(key);
    if (known !== null) return { job: known, replayed: true };
    checkPool(request.pool, this.#options.pools());
    const route = await this.#options.routing.route(identity, request);
    const reservation = this.#reserve(command, route);
    try {
      return await this.#enter(command, route, key, reservation);
    } finally {
      reservation.release();
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
    route: Route,
    key: IdempotencyKey | null,
    reservation: Reservation,
  ): Promise<Submitted> {
    const { places, store, redactionPattern } = this.#options;
    const id = uuid();
    const place = await places.take(command.identity, command.sessionId, id, route);
    try {
      const { kept, secrets } = splitSecrets(command.request, redactionPattern);
      const job = this.#newJob(id, route, place, command, kept);
      const answer = await store.jobs.create({ job, secrets, idempotency: key });
      if (!answer.created) {
        places.release(place);
        return { job: await this.#replay(key as IdempotencyKey, answer), replayed: true };
      }
      reservation.release();
      return { job: this.#admit(job, command.request, place), replayed: false };
    } catch (error) {
      places.release(place);
      throw error;
    }
  }

  #admit(job: Job, request: JobRequest, place: JobPlace): Job {
    const { machine, stopper } = this.#options;
    const active = activeJob(job, request, place);
    machine.admit(active);
    // The session or the driver may have ended while the job was on its way to the disk.
    void stopper.placeClosed(active);
    place.line.enqueue(job.id, request.pool, turnKey(job));
    return active.job;
  }

  /** From here on the pool has work, and stays. */
  #reserve(command: SubmitCommand, route: Route): Reservation {
    const { places, pools } = this.#options;
    const { pool } = command.request;
    checkPool(pool, pools());
    const reserved = places.reserve(command, route);
    if (typeof reserved === 'string') throw queueFull(reserved, pool);
    return reserved;
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

  #newJob(
    id: string,
    { executor }: Route,
    { line }: JobPlace,
    command: SubmitCommand,
    request: JobRequest,
  ): Job {
    const { clock, serverId } = this.#options;
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
      waitingFor: line.nextWaitsFor(request.pool),
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

const queueFull = (which: FullQueue, pool: string): Problem =>
  new Problem(
    'QUEUE_FULL',
    which === 'POOL'
      ? `As many statements wait in the pool "${pool}" as may (its maxQueued).`
      : 'As many statements wait in this server as may (libra.jobs.max-queued).',
    { retryAfterSeconds: QUEUE_RETRY_AFTER_SECONDS },
  );
