import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isTerminal, type JobState } from '../../src/domain/job.ts';
import type { ApiClient, JobBody } from './api-client.ts';

/** What a fault reaches: everything, the shared driver, or the driver of one session. */
export type Place = 'all' | 'shared' | `session ${string}` | 'dedicated';

/** How a job has to end where no fault comes in between. */
export interface Expected {
  readonly state: 'SUCCESS' | 'FAILED' | 'LOST';
  /** Part of the result, or the code of the error. */
  readonly tells: string;
}

export interface Acknowledged {
  readonly id: string;
  /** What the job writes into the file of effects when it runs. */
  readonly mark: string;
  readonly place: Place;
  readonly expected: Expected;
  readonly writes: boolean;
  readonly maxAttempts: number;
  /** The last state that a client was told. */
  seen: JobState;
}

interface Fault {
  readonly place: Place;
  readonly from: number;
  until: number;
}

const LOST_BY_A_FAULT = ['DRIVER_LOST', 'SERVER_STOPPED', 'SESSION_LOST', 'DRIVER_START_FAILED'];
/** Times are rounded, and a fault is noted when it was made and not when it came through. */
const ROUNDING_MS = 1000;

/** What clients were told of each job, and what has gone wrong by it. */
export class FaultBook {
  readonly #jobs = new Map<string, Acknowledged>();
  readonly #faults: Fault[] = [];
  readonly #effects: string;
  readonly wrong: string[] = [];
  readonly ends = new Map<string, number>();
  refused = 0;
  repeated = 0;

  constructor(effects: string) {
    this.#effects = effects;
  }

  get size(): number {
    return this.#jobs.size;
  }

  acknowledged(job: Acknowledged): void {
    this.#jobs.set(job.id, job);
  }

  /** What happens meanwhile at this place may be the fault's doing, until it is called again. */
  begin(place: Place): () => void {
    const fault: Fault = { place, from: Date.now(), until: Number.POSITIVE_INFINITY };
    this.#faults.push(fault);
    return () => {
      fault.until = Date.now();
    };
  }

  /** Asks for each job, and compares what it is with what was told and what it has done. */
  async judge(api: ApiClient, limitMs: number): Promise<void> {
    const deadline = Date.now() + limitMs;
    for (const job of this.#jobs.values()) {
      const { status, body } = await api.job(job.id);
      if (status !== 200) this.wrong.push(`${job.mark} was acknowledged and is gone (${status})`);
      else await this.#judge(api, job, await ended(api, body, deadline));
    }
  }

  async #judge(api: ApiClient, job: Acknowledged, end: JobBody): Promise<void> {
    this.ends.set(end.state, (this.ends.get(end.state) ?? 0) + 1);
    const tell = (what: string): void => {
      this.wrong.push(`${job.mark} (${end.kind}, ${job.place}, ${job.id}) ${what}`);
    };
    if (!isTerminal(end.state)) tell(`is still ${end.state}, waiting for ${end.waitingFor}`);
    if (isTerminal(job.seen) && job.seen !== end.state)
      tell(`was ${job.seen} and is ${end.state} now`);
    const fault = this.#falseEnd(job, end);
    if (fault !== null) tell(fault);
    if (end.state === 'SUCCESS' && end.kind === 'sql') {
      const rows = await api.get(`/api/v1/jobs/${end.jobId}/result?limit=1`);
      if (rows.status !== 200) tell(`has lost its rows (${rows.status})`);
    }
    if (end.attempt > job.maxAttempts) tell(`had ${end.attempt} attempts`);
    if (!job.writes) return;
    const ran = this.#timesRun(job.mark);
    if (ran > end.attempt) tell(`ran ${ran} times in ${end.attempt} attempts`);
    if (end.state === 'SUCCESS' && ran === 0) tell('is a SUCCESS that never ran');
  }

  #falseEnd(job: Acknowledged, end: JobBody): string | null {
    const { state, tells } = job.expected;
    const told = end.state === 'SUCCESS' ? (end.result ?? '') : JSON.stringify(end.error);
    if (end.state === state) return told.includes(tells) ? null : `is ${state} with ${told}`;
    if (end.state !== 'LOST') return `is ${end.state} and not ${state}: ${told}`;
    const { code } = end.error ?? { code: 'none' };
    if (!LOST_BY_A_FAULT.includes(code)) return `is LOST with ${told}`;
    if (end.attempt < job.maxAttempts) return `is LOST after ${end.attempt} attempts: ${told}`;
    return this.#wasHit(job.place, end) ? null : `is LOST without a fault: ${told}`;
  }

  #wasHit(place: Place, { submittedAt, completedAt }: JobBody): boolean {
    const [from, until] = [Date.parse(submittedAt), Date.parse(completedAt ?? '')];
    return this.#faults.some(
      (fault) =>
        (fault.place === 'all' || fault.place === place) &&
        fault.from <= until + ROUNDING_MS &&
        fault.until >= from - ROUNDING_MS,
    );
  }

  #timesRun(mark: string): number {
    if (!existsSync(this.#effects)) return 0;
    return readFileSync(this.#effects, 'utf8')
      .split('\n')
      .filter((line) => line === mark).length;
  }
}

const ended = async (api: ApiClient, body: JobBody, deadline: number): Promise<JobBody> => {
  let last = body;
  while (!isTerminal(last.state) && Date.now() < deadline) {
    await sleep(100);
    last = (await api.job(body.jobId, '?wait=5s')).body;
  }
  return last;
};
