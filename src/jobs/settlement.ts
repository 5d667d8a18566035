import { Problem } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import type { Job, JobOutcome, JobRequest } from '../domain/job.ts';
import { jobError } from '../domain/job-error.ts';
import { DEFAULT_POOL } from '../domain/pool.ts';
import { REDACTED } from '../domain/redaction.ts';
import type { Session } from '../domain/session.ts';
import { DEFAULT_SESSION } from '../domain/session.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { ActiveJob, ActiveJobs } from './active-jobs.ts';
import { activeJob } from './active-jobs.ts';
import type { Executors } from './executors.ts';
import { sessionLost } from './job-errors.ts';
import type { JobMachine } from './job-machine.ts';
import type { JobPlace, JobPlaces } from './job-places.ts';
import type { JobRunner } from './job-runner.ts';
import type { ProgramSource } from './program-source.ts';
import type { ResultFolders } from './result-folders.ts';
import { mayRetry } from './retry-policy.ts';
import { joinSecrets } from './secrets.ts';
import { turnKey } from './turns.ts';

export interface SettlementOptions {
  readonly store: Store;
  readonly jobs: ActiveJobs;
  readonly machine: JobMachine;
  readonly places: JobPlaces;
  readonly programs: ProgramSource;
  readonly executors: Executors;
  readonly runner: JobRunner;
  readonly sessions: SessionRegistry;
  readonly results: ResultFolders;
  /** The names of those that there are. */
  readonly pools: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  /** How the last server crashed, where somebody saw it. */
  readonly lastEnd: string | null;
}

/** Events of a job count on past any id that its former server may have sent. */
const FORMER_EVENTS = 1_000_000;

/**
 * Settles what the last server left behind, before anything new is taken: its sessions are DEAD.
 * Its queued jobs wait again, in their order, if their session held no state of its own; else they
 * are LOST. What ran in its driver is LOST, or waits for its next attempt. Programs of their own
 * are taken up where they are. Nothing stays RUNNING that does not run.
 * A settling that a failing store broke off goes on where it was when it is called again.
 */
export class Settlement {
  readonly #options: SettlementOptions;

  constructor(options: SettlementOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { store, sessions, executors, log } = this.#options;
    const known = this.#options.jobs;
    const active = await store.jobs.active();
    const jobs = active.filter(({ id }) => known.get(id) === undefined);
    const former = await this.#formerSessions(jobs);
    await this.#endSessions();
    await sessions.start();
    let waiting = 0;
    for (const job of jobs) if (await this.#settle(job, former)) waiting += 1;
    await executors.sweep(new Set(active.map(({ id }) => id)));
    if (jobs.length === 0) return;
    const goingOn = jobs.filter(({ id }) => known.get(id)?.job.state === 'RUNNING').length;
    const ended = jobs.length - waiting - goingOn;
    log.info({ waiting, goingOn, ended }, 'jobs of the last server are settled');
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
    if (this.#options.executors.survives(job)) return this.#settleProgram(job, session);
    const kept = isKept(job, session);
    const runsAgain = job.state === 'QUEUED' ? job.cancelCause === null : mayRetry(job, 'LOST');
    if (kept && runsAgain) return this.#queueAgain(job, session);
    await this.#end(job, outcomeOf(job, kept, this.#options.lastEnd));
    return false;
  }

  /** It needs nothing of its session. */
  async #settleProgram(job: Job, session: Session | undefined): Promise<boolean> {
    if (job.state === 'RUNNING') {
      const active = await this.#adopt(job, session);
      this.#options.runner.takeUp(active);
    } else if (job.cancelCause === null) {
      return this.#queueAgain(job, session);
    } else {
      await this.#end(job, outcomeOf(job, true, this.#options.lastEnd));
    }
    return false;
  }

  /** Where there is no room for its driver it is LOST: false then. */
  async #queueAgain(job: Job, session: Session | undefined): Promise<boolean> {
    let active: ActiveJob;
    try {
      active = await this.#adopt(job, session);
    } catch (fault) {
      if (!(fault instanceof Problem)) throw fault;
      const message = `The job could not wait again: ${fault.message}`;
      await this.#end(job, { state: 'LOST', error: jobError('DRIVER_LOST', message, true) });
      return false;
    }
    if (job.state === 'RUNNING') await this.#options.machine.retry(active);
    active.line.enqueue(job.id, active.request.pool, turnKey(job));
    return true;
  }

  async #adopt(job: Job, session: Session | undefined): Promise<ActiveJob> {
    const { store, machine, programs } = this.#options;
    const request = this.#inKnownPool(
      joinSecrets(job.request, await store.jobs.secrets(job.id)),
      job.id,
    );
    // Only what becomes a driver's own configuration is needed this early.
    const settings =
      job.executor === 'driver'
        ? await programs.resolveSettings(ownerOf(job), request.sparkConfig)
        : {};
    const place = await this.#placeOf(job, session, settings);
    const active = activeJob(job, request, place, job.lastEventId + FORMER_EVENTS);
    machine.adopt(active);
    return active;
  }

  /** The file may have lost the pool while no server ran; the job still says what it was sent to. */
  #inKnownPool(request: JobRequest, jobId: string): JobRequest {
    const { pools, log } = this.#options;
    const { pool } = request;
    if (pools.includes(pool)) return request;
    log.warn({ jobId, pool }, 'the pool of a job is gone: it goes on in "default"');
    return { ...request, pool: DEFAULT_POOL };
  }

  async #placeOf(
    job: Job,
    session: Session | undefined,
    settings: JobRequest['sparkConfig'],
  ): Promise<JobPlace> {
    const { sessions, places, programs } = this.#options;
    if (!sessions.has(job.sessionId) && session !== undefined && !isLost(session)) {
      const resolved =
        session.mode === 'ISOLATED'
          ? await programs.resolveSettings(ownerOf(session), session.sparkConfig)
          : session.sparkConfig;
      await sessions.revive(session, resolved);
    }
    const lease = sessions.hold(job.sessionId, job.id, job.executor === 'embedded');
    return places.resume(job, lease ?? places.nowhere(job).lease, settings);
  }

  async #end(job: Job, outcome: JobOutcome): Promise<void> {
    const { machine, results, places } = this.#options;
    const lastEventId = job.lastEventId + FORMER_EVENTS;
    const active = activeJob(job, job.request, places.nowhere(job), lastEventId);
    await machine.end(active, job.state, outcome);
    if (job.state === 'RUNNING') await results.remove(job.id).catch(() => {});
  }
}

const ownerOf = ({ owner }: Pick<Job, 'owner'>): Identity => ({ name: owner, roles: ['operator'] });

/** Whether what the job was sent into can be made again. The variables of a context cannot. */
const isKept = (job: Job, session: Session | undefined): boolean => {
  if (job.request.context !== null) return false;
  // It had a driver of its own beside the session.
  if (job.executor === 'driver') return true;
  return job.sessionId === DEFAULT_SESSION || (session !== undefined && !isLost(session));
};

/** A session with secret settings cannot be made again: the history does not keep them. */
const isLost = (session: Session): boolean =>
  session.stateful || Object.values(session.sparkConfig).includes(REDACTED);

const outcomeOf = (job: Job, sessionKept: boolean, lastEnd: string | null): JobOutcome => {
  if (job.state === 'RUNNING') {
    const message = `The server ended while the job ran${lastEnd === null ? '' : `: ${lastEnd}`}.`;
    return { state: 'LOST', error: jobError('DRIVER_LOST', message, true) };
  }
  if (job.cancelCause !== null) return { state: 'CANCELLED', error: null };
  return sessionKept
    ? { state: 'LOST', error: jobError('DRIVER_LOST', 'The job could not wait again.', true) }
    : { state: 'LOST', error: sessionLost() };
};
