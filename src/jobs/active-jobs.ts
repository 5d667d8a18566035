import type { Job, JobRequest, JobState } from '../domain/job.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { JobEvents } from './job-events.ts';
import type { JobPlace } from './job-places.ts';

/** A job that has not ended, as this server holds it in memory. Only the job machine changes `job`. */
export interface ActiveJob extends JobPlace {
  /** As it stands on disk, and the live progress. */
  job: Job;
  /** The whole request, values of secret settings included. */
  readonly request: JobRequest;
  readonly events: JobEvents;
  /** Callers that wait for the end; called once, with null when the server stops before it. */
  readonly waiters: Set<(ended: Job | null) => void>;
  /** Why the end was asked for; the first cause wins. */
  cancelCause: string | null;
  /** The executor has it and has not said how it ended. */
  handedOver: boolean;
  /** The states out of which a change is decided and on its way to the disk. */
  readonly ending: Set<JobState>;
  /** Ends the job at its `maxRuntime`, or starts its next attempt. */
  timer: Timer | null;
}

export const activeJob = (
  job: Job,
  request: JobRequest,
  place: JobPlace,
  firstEventId = 0,
): ActiveJob => ({
  job,
  ...place,
  request,
  events: new JobEvents(firstEventId),
  waiters: new Set(),
  cancelCause: job.cancelCause,
  handedOver: false,
  ending: new Set(),
  timer: null,
});

/** How long the events of an ended job stay at hand, and of how many jobs at most. */
const KEEP_EVENTS_MS = 60_000;
const KEEP_EVENTS_OF = 500;

/** What this server holds in memory of its jobs: all active ones, and the events of the last ended. */
export class ActiveJobs {
  readonly #active = new Map<string, ActiveJob>();
  readonly #lastEvents = new Map<string, JobEvents>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(active: ActiveJob): void {
    this.#active.set(active.job.id, active);
  }

  get(id: string): ActiveJob | undefined {
    return this.#active.get(id);
  }

  all(): readonly ActiveJob[] {
    return [...this.#active.values()];
  }

  eventsOf(id: string): JobEvents | undefined {
    return this.#active.get(id)?.events ?? this.#lastEvents.get(id);
  }

  /** The job has ended. */
  retire(active: ActiveJob): void {
    const { id } = active.job;
    this.#active.delete(id);
    this.#lastEvents.set(id, active.events);
    this.#clock.after(KEEP_EVENTS_MS, () => this.#lastEvents.delete(id));
    if (this.#lastEvents.size <= KEEP_EVENTS_OF) return;
    for (const oldest of this.#lastEvents.keys()) {
      this.#lastEvents.delete(oldest);
      return;
    }
  }

  forget(id: string): void {
    this.#lastEvents.delete(id);
  }
}
