import { setTimeout as sleep } from 'node:timers/promises';
import { isTerminal } from '../../src/domain/job.ts';
import { type Answer, ApiClient, type JobBody } from './api-client.ts';
import type { Expected, FaultBook, Place } from './fault-book.ts';

export interface LoadOptions {
  readonly url: string;
  readonly book: FaultBook;
  /** The file that each program appends its mark to. */
  readonly effects: string;
  /** Holds `faults.Append`. */
  readonly jar: string;
}

/** A statement of the load; `mark` is for jobs that write it when they run. */
export interface Wanted {
  readonly request: Readonly<Record<string, unknown>>;
  readonly expected: Expected;
  readonly writes: boolean;
}

interface Sent extends Wanted {
  readonly mark: string;
  readonly session: string;
  readonly place: Place;
}

/** In which every isolated session and every driver of a statement lives beside the shared one. */
const SMALL = { 'spark.master': 'local[1]', 'spark.driver.memory': '512m' };
const CALL_MS = 30_000;
const WAIT_MS = 20_000;
const REST_MS = 150;
/** After so many statements a session is ended and another one made. */
const STATEMENTS_OF_A_SESSION = 25;

const success = (tells: string): Expected => ({ state: 'SUCCESS', tells });

/**
 * Clients that send jobs of every kind, one after another, and write down what they are told. They
 * go on through every fault: what is refused they let go, what has a key they send until they know
 * its job.
 */
export class FaultLoad {
  /** The folders of the drivers of isolated sessions, as their last Python job has said. */
  readonly isolated = new Map<string, string>();
  readonly #options: LoadOptions;
  readonly #api: ApiClient;
  readonly #clients: Promise<void>[] = [];
  #over = false;
  #number = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#api = new ApiClient(options.url);
  }

  start(): void {
    this.#clients.push(
      this.#client(() => this.#onShared(this.#sharedSql())),
      this.#client(() => this.#onShared(this.#program())),
      this.#isolatedClient(),
      this.#client(() => this.#dedicated()),
    );
  }

  /** Resolves when no client sends any more. */
  async stop(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#clients);
  }

  /** Null when it was not acknowledged. */
  async send(wanted: Wanted, session = 'default', place: Place = 'shared'): Promise<string | null> {
    this.#number += 1;
    const { request } = wanted;
    const key = request.idempotencyKey;
    const job = { ...wanted, mark: `job-${this.#number}`, session, place };
    for (;;) {
      const answer = await this.#post(job);
      if (answer !== null) return this.#told(job, answer);
      // Nobody knows whether there is a job. Only with a key it may be sent again.
      if (key === undefined || this.#over) return null;
      await sleep(REST_MS);
    }
  }

  async #told(job: Sent, answer: Answer): Promise<string | null> {
    const { book } = this.#options;
    const { mark, place, expected, writes, request } = job;
    if (![200, 202].includes(answer.status)) {
      book.refused += 1;
      return null;
    }
    const { jobId: id, state } = answer.body;
    const retry = request.retry as { maxAttempts: number } | undefined;
    const maxAttempts = retry?.maxAttempts ?? 1;
    const known = { id, mark, place, expected, writes, maxAttempts, seen: state };
    book.acknowledged(known);
    if (request.idempotencyKey !== undefined) await this.#again(job, id);
    const end = await this.#followed(id);
    if (end !== null) known.seen = end.state;
    return end?.state === 'SUCCESS' ? end.result : null;
  }

  /** The same key leads to the same job, whatever has happened meanwhile. */
  async #again(job: Sent, id: string): Promise<void> {
    const { book } = this.#options;
    const answer = await this.#post(job);
    if (answer === null || ![200, 202].includes(answer.status)) return;
    book.repeated += 1;
    if (answer.body.jobId !== id) {
      book.wrong.push(`${job.mark} is ${id} and, sent again, ${answer.body.jobId}`);
    }
  }

  /** As far as a client waits for its end. */
  async #followed(id: string): Promise<JobBody | null> {
    const deadline = Date.now() + WAIT_MS;
    while (Date.now() < deadline) {
      const answer = await bounded(this.#api.job(id, '?wait=2s'));
      if (answer !== null && answer.status === 200 && isTerminal(answer.body.state)) {
        return answer.body;
      }
      if (answer === null) await sleep(REST_MS);
    }
    return null;
  }

  #post({ request, mark, session }: Sent): Promise<Answer | null> {
    const args = request.kind === 'sql' ? {} : { args: [this.#options.effects, mark] };
    const key = request.idempotencyKey === undefined ? {} : { idempotencyKey: `key-${mark}` };
    return bounded(this.#api.statement({ ...request, ...args, ...key, wait: '0s' }, session));
  }

  async #client(turn: () => Promise<unknown>): Promise<void> {
    while (!this.#over) {
      await turn();
      await sleep(REST_MS);
    }
  }

  #onShared(wanted: Wanted): Promise<string | null> {
    // Each third with a key, each fifth again when it is lost.
    const key = this.#number % 3 === 0 ? { idempotencyKey: 'its mark' } : {};
    const retry = this.#number % 5 === 0 ? { retry: { maxAttempts: 3, on: ['LOST'] } } : {};
    return this.send({ ...wanted, request: { ...wanted.request, ...key, ...retry } });
  }

  #sharedSql(): Wanted {
    const n = this.#number;
    const sql = (code: string, expected: Expected): Wanted => ({
      request: { kind: 'sql', code },
      expected,
      writes: false,
    });
    switch (n % 4) {
      case 0:
        return sql(`SELECT ${n} AS n`, success(`[${n}]`));
      case 1:
        return sql(
          `SELECT count(*) FROM range(${n + 200_000_000})`,
          success(`[${n + 200_000_000}]`),
        );
      case 2:
        return sql(`SELECT id, ${n} AS n FROM range(0, 20000, 1, 4)`, success(`[999,${n}]`));
      default:
        return sql(`SELECT no_such_${n}`, { state: 'FAILED', tells: `no_such_${n}` });
    }
  }

  #program(): Wanted {
    return this.#number % 2 === 0 ? python(1.5) : this.#jarClass();
  }

  #jarClass(): Wanted {
    return {
      request: { kind: 'jar-class', filePath: this.#options.jar, mainClass: 'faults.Append' },
      expected: success('counted 100'),
      writes: true,
    };
  }

  async #dedicated(): Promise<void> {
    const n = this.#number;
    const code = `SELECT ${n} AS n, count(*) AS c FROM range(1000)`;
    const request = { kind: 'sql', code, sparkConfig: SMALL };
    const wanted = { request, expected: success(`[${n},1000]`), writes: false };
    await this.send(wanted, 'default', 'dedicated');
    await sleep(1000);
  }

  async #isolatedClient(): Promise<void> {
    let session: string | null = null;
    for (let n = 0; !this.#over; n++) {
      session ??= await this.#newSession();
      if (session !== null && !(await this.#inSession(session, n))) session = null;
      await sleep(REST_MS);
    }
  }

  async #newSession(): Promise<string | null> {
    this.#number += 1;
    const sessionId = `own-${this.#number}`;
    const body = { sessionId, mode: 'ISOLATED', sparkConfig: SMALL };
    const answer = await bounded(this.#api.call('POST', '/api/v1/sessions', body));
    if (answer?.status === 201) return sessionId;
    await sleep(1000);
    return null;
  }

  /** Answers whether the session is to be used again. */
  async #inSession(session: string, n: number): Promise<boolean> {
    const place: Place = `session ${session}`;
    if (n % 3 === 0) {
      const where = await this.send(python(0), session, place);
      if (where !== null) this.isolated.set(session, folderIn(where));
    } else {
      const code = `SELECT ${n} AS n, count(*) AS c FROM range(${n + 50_000_000})`;
      const expected = success(`[${n},${n + 50_000_000}]`);
      await this.send({ request: { kind: 'sql', code }, expected, writes: false }, session, place);
    }
    const there = await bounded(
      this.#api.get<{ state: string; activeJobs: number }>(`/api/v1/sessions/${session}`),
    );
    const usable = there === null || (there.status === 200 && there.body.state !== 'DEAD');
    const old = n % STATEMENTS_OF_A_SESSION === STATEMENTS_OF_A_SESSION - 1;
    if (usable && !(old && there?.body.activeJobs === 0)) return true;
    this.isolated.delete(session);
    if (usable) await bounded(this.#api.call('DELETE', `/api/v1/sessions/${session}`));
    return false;
  }
}

/** Writes, works for a while, and says which driver it runs beside. */
const python = (seconds: number): Wanted => ({
  request: {
    kind: 'python',
    code: [
      'import os, sys, time',
      'with open(sys.argv[1], "a") as effects:',
      '    effects.write(sys.argv[2] + "\\n")',
      `time.sleep(${seconds})`,
      'print(spark.range(7).count(), "rows at", os.environ["LIBRA_DRIVER"])',
    ].join('\n'),
  },
  expected: success(' rows at '),
  writes: true,
});

export const whereItRuns = python(0);

export const folderIn = (result: string): string => result.trim().split(' rows at ')[1] ?? '';

/** Null when there is no answer. */
const bounded = async <T>(call: Promise<Answer<T>>): Promise<Answer<T> | null> => {
  const silence = new AbortController();
  const late = sleep(CALL_MS, null, { signal: silence.signal }).catch(() => null);
  try {
    return await Promise.race([call.catch(() => null), late]);
  } finally {
    silence.abort();
  }
};
