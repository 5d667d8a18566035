import { Problem } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import { hasRole, maySee } from '../domain/identity.ts';
import type { Job, JobFilter, JobPage } from '../domain/job.ts';
import { isTerminal } from '../domain/job.ts';
import type { JobStore } from '../store/store.ts';
import type { Clock } from '../util/clock.ts';
import type { ActiveJob, ActiveJobs } from './active-jobs.ts';
import type { Idempotency, SubmitCommand, Submitted } from './commands.ts';
import { endEvent, stateEvent } from './job-event-data.ts';
import type { JobEvent, JobEventStream } from './job-events.ts';
import { replayOf } from './job-events.ts';
import type { JobLog, LogPage, LogStream } from './job-log.ts';
import type { JobStopper } from './job-stopper.ts';
import type { Rerun } from './rerun.ts';
import type { ResultFolders } from './result-folders.ts';
import { answered } from './store-problem.ts';
import type { Submission } from './submission.ts';

export interface JobServiceOptions {
  readonly store: JobStore;
  readonly jobs: ActiveJobs;
  readonly stopper: JobStopper;
  readonly submission: Submission;
  readonly rerun: Rerun;
  readonly jobLog: JobLog;
  readonly results: ResultFolders;
  readonly clock: Clock;
  readonly isStopping: () => boolean;
}

/**
 * Use cases of the jobs. A viewer reads his own jobs, a user also submits, cancels and removes
 * them, an operator sees and cancels all, an admin removes all.
 */
export class JobService {
  readonly #options: JobServiceOptions;

  constructor(options: JobServiceOptions) {
    this.#options = options;
  }

  submit(command: SubmitCommand): Promise<Submitted> {
    return answered(this.#options.submission.submit(command));
  }

  async rerun(
    identity: Identity,
    id: string,
    overrides: { readonly sparkConfig: Readonly<Record<string, string>> | null },
    requestId: string,
    idempotency: Idempotency | null,
  ): Promise<Submitted> {
    const job = await this.get(identity, id);
    return answered(
      this.#options.rerun.run(identity, job, overrides.sparkConfig, requestId, idempotency),
    );
  }

  async get(identity: Identity, id: string): Promise<Job> {
    const active = this.#options.jobs.get(id);
    const job = active === undefined ? await answered(this.#options.store.get(id)) : active.job;
    if (job === null || !maySee(identity, job.owner)) throw noJob(id);
    return this.#live(job);
  }

  async awaitEnd(identity: Identity, id: string, waitMs: number): Promise<Job> {
    const job = await this.get(identity, id);
    const active = this.#options.jobs.get(id);
    if (active === undefined || waitMs <= 0) return job;
    // It stays queued for the next start: nobody should wait for that.
    if (this.#options.isStopping() && job.state === 'QUEUED') return job;
    const ended = await this.#untilEnd(active, waitMs);
    return ended ?? this.get(identity, id);
  }

  async list(
    identity: Identity,
    filter: JobFilter,
    limit: number,
    cursor: string | null,
  ): Promise<JobPage> {
    const owner = hasRole(identity, 'operator') ? filter.owner : identity.name;
    if (filter.owner !== undefined && filter.owner !== owner)
      return { items: [], nextCursor: null };
    const seen = owner === undefined ? filter : { ...filter, owner };
    const page = await answered(this.#options.store.list(seen, limit, cursor));
    return { ...page, items: page.items.map((job) => this.#live(job)) };
  }

  async cancel(
    identity: Identity,
    id: string,
    cause: string,
  ): Promise<{ readonly job: Job; readonly accepted: boolean }> {
    requireUser(identity);
    const before = await this.get(identity, id);
    const active = this.#options.jobs.get(id);
    if (active === undefined) return { job: before, accepted: false };
    await answered(this.#options.stopper.cancel(active, cause));
    const { job } = active;
    return { job: this.#live(job), accepted: !isTerminal(job.state) || job.state === 'CANCELLED' };
  }

  async remove(identity: Identity, id: string): Promise<void> {
    requireUser(identity);
    const job = await this.get(identity, id);
    if (job.owner !== identity.name && !hasRole(identity, 'admin')) {
      throw new Problem('FORBIDDEN', 'Only its owner and admins remove a job.');
    }
    const { store, jobs, jobLog, results } = this.#options;
    if (!isTerminal(job.state)) throw active(job);
    if (!(await answered(store.remove(id)))) throw noJob(id);
    jobs.forget(id);
    await Promise.all([results.remove(id), jobLog.remove(id)]);
  }

  async logs(
    identity: Identity,
    id: string,
    stream: LogStream,
    offset: number,
    limit: number,
  ): Promise<LogPage> {
    await this.get(identity, id);
    return this.#options.jobLog.read(id, stream, offset, limit);
  }

  async events(
    identity: Identity,
    id: string,
    lastEventId: number | null,
  ): Promise<JobEventStream | null> {
    const job = await this.get(identity, id);
    const events = this.#options.jobs.eventsOf(id);
    return events === undefined
      ? storedEvents(job, lastEventId ?? 0)
      : events.streamAfter(lastEventId);
  }

  /** What memory knows first: how a running job gets on, and what a queued one waits for. */
  #live(job: Job): Job {
    const active = this.#options.jobs.get(job.id);
    if (active === undefined || active.job.state !== job.state) return job;
    const { job: live, line } = active;
    if (live.state === 'QUEUED') return { ...job, waitingFor: line.waitingFor(job.id) };
    const { progress, waitingFor, applicationId, sparkUiUrl } = live;
    return { ...job, progress, waitingFor, applicationId, sparkUiUrl };
  }

  #untilEnd(active: ActiveJob, waitMs: number): Promise<Job | null> {
    return new Promise((resolve) => {
      const done = (job: Job | null): void => {
        timer.cancel();
        active.waiters.delete(done);
        resolve(job);
      };
      const timer = this.#options.clock.after(waitMs, () => done(null));
      active.waiters.add(done);
    });
  }
}

const requireUser = (identity: Identity): void => {
  if (!hasRole(identity, 'user')) throw new Problem('FORBIDDEN', 'This needs the role "user".');
};

const noJob = (id: string): Problem => new Problem('NOT_FOUND', `There is no job "${id}".`);

const active = (job: Job): Problem =>
  new Problem('JOB_ACTIVE', `The job is ${job.state}; cancel it first.`);

/** How a job that ended long ago is told: where it stands, and that it is over. */
const storedEvents = (job: Job, lastEventId: number): JobEventStream | null => {
  if (lastEventId >= job.lastEventId) return null;
  const events: readonly JobEvent[] = [
    { id: job.lastEventId - 1, type: 'state', data: stateEvent(job) },
    { id: job.lastEventId, type: 'end', data: endEvent(job) },
  ];
  return replayOf(events.filter((event) => event.id > lastEventId));
};
