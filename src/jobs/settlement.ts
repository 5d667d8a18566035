import type { Job, JobOutcome } from '../domain/job.ts';
import { jobError } from '../domain/job-error.ts';
import { REDACTED } from '../domain/redaction.ts';
import type { Session } from '../domain/session.ts';
import { DEFAULT_SESSION } from '../domain/session.ts';
import type { Lease } from '../sessions/session-lease.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { ActiveJob, ActiveJobs } from './active-jobs.ts';
import { activeJob } from './active-jobs.ts';
import type { Dispatcher } from './dispatcher.ts';
import { sessionLost } from './job-errors.ts';
import type { JobMachine } from './job-machine.ts';
import type { ResultFolders } from './result-folders.ts';
import { mayRetry } from './retry-policy.ts';
import { joinSecrets } from './secrets.ts';

export interface SettlementOptions {
  readonly store: Store;
  readonly jobs: ActiveJobs;
  readonly machine: JobMachine;
  readonly dispatcher: Dispatcher;
  readonly sessions: SessionRegistry;
  readonly results: ResultFolders;
  readonly clock: Clock;
  readonly log: Log;
}

/** Events of a job count on past any id that its former server may have sent. */
const FORMER_EVENTS = 1_000_000;

/**
 * Settles what the last server left behind, before anything new is taken: its sessions are DEAD.
 * Its queued jobs wait again, in their order, if their session held no state of its own; else they
 * are LOST. What ran in its driver is LOST, or waits for its next attempt. Nothing stays RUNNING.
 * A settling that a failing store broke off goes on where it was when it is called again.
 */
export class Settlement {
  readonly #options: SettlementOptions;

  constructor(options: SettlementOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { store, sessions, log } = this.#options;
    const known = this.#options.jobs;
    const jobs = (await store.jobs.active()).filter(({ id }) => known.get(id) === undefined);
    const former = await this.#formerSessions(jobs);
    await this.#endSessions();
    await sessions.start();
    let waiting = 0;
    for (const job of jobs) if (await this.#settle(job, former)) waiting += 1;
    if (jobs.length === 0) return;
    log.info({ waiting, ended: jobs.length - waiting }, 'jobs of the last server are settled');
  }

  async #formerSessions(jobs: readonly Job[]): Promise<ReadonlyMap<string, Session>> {
    const former = new Map<string, Session>();
    for (const id of new Set(jobs.map((job) => job.sessionId))) {
      const session = await this.#options.store.sessions.get(id);
      if (session !== null) former.set(id, session);
    }
    return former;
  }

  async #endSessions(): Promise<void> {
    const { store, sessions, clock } = this.#options;
    for (const { id, state } of await store.sessions.live()) {
      if (sessions.has(id)) continue;
      await store.sessions.transition(id, [state], 'DEAD', 'SERVER_STOPPED', clock.now());
    }
  }

  /** Whether the job waits again. */
  async #settle(job: Job, former: ReadonlyMap<string, Session>): Promise<boolean> {
    const session = former.get(job.sessionId);
    const kept = job.sessionId === DEFAULT_SESSION || (session !== undefined && !isLost(session));
    const runsAgain = job.state === 'QUEUED' ? job.cancelCause === null : mayRetry(job, 'LOST');
    if (kept && runsAgain) {
      await this.#queueAgain(job, session);
      return true;
    }
    await this.#end(job, kept);
    return false;
  }

  async #queueAgain(job: Job, session: Session | undefined): Promise<void> {
    const { store, machine, dispatcher, sessions } = this.#options;
    const request = joinSecrets(job.request, await store.jobs.secrets(job.id));
    const lease =
      sessions.hold(job.sessionId, job.id) ??
      (await sessions.revive(session as Session)).lease(job.id);
    const active = activeJob(job, request, lease, job.lastEventId + FORMER_EVENTS);
    machine.adopt(active);
    if (job.state === 'RUNNING') await machine.retry(active);
    dispatcher.enqueue(job.id, request.pool);
  }

  async #end(job: Job, sessionKept: boolean): Promise<void> {
    const { machine, results } = this.#options;
    const active: ActiveJob = activeJob(
      job,
      job.request,
      noLease(job),
      job.lastEventId + FORMER_EVENTS,
    );
    await machine.end(active, job.state, outcomeOf(job, sessionKept));
    if (job.state === 'RUNNING') await results.remove(job.id).catch(() => {});
  }
}

/** A session with secret settings cannot be made again: the history does not keep them. */
const isLost = (session: Session): boolean =>
  session.stateful || Object.values(session.sparkConfig).includes(REDACTED);

const outcomeOf = (job: Job, sessionKept: boolean): JobOutcome => {
  if (job.state === 'RUNNING') {
    const message = 'The server ended while the job ran.';
    return { state: 'LOST', error: jobError('DRIVER_LOST', message, true) };
  }
  if (job.cancelCause !== null) return { state: 'CANCELLED', error: null };
  return sessionKept
    ? { state: 'LOST', error: jobError('DRIVER_LOST', 'The job could not wait again.', true) }
    : { state: 'LOST', error: sessionLost() };
};

const noLease = (job: Job): Lease => ({
  sessionId: job.sessionId,
  jobId: job.id,
  closing: null,
  release: () => {},
});
