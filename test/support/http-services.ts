import { Problem } from '../../src/domain/errors.ts';
import type { Job, JobError } from '../../src/domain/job.ts';
import type { ResultSummary } from '../../src/domain/result.ts';
import type { Session } from '../../src/domain/session.ts';
import type {
  JobEvent,
  JobEventStream,
  PoolView,
  Services,
  SessionView,
  SubmitCommand,
} from '../../src/http/services.ts';
import { aRequest } from './job-request.ts';

export { aRequest };

export const JOB_ID = '0193a5c8-7c1e-7b44-9d2f-3f6d2f0c9a11';
const AT = Date.parse('2025-11-03T10:00:00.000Z');

const ROWS: ResultSummary = {
  text: 'Schema: struct<1:int>\n\n[1]\n',
  columns: [{ name: '1', type: 'int', nullable: false }],
  rowCount: 1,
  truncated: false,
  complete: true,
  byteCount: 64,
};

export const aJob = (fields: Partial<Job> = {}): Job => ({
  id: JOB_ID,
  sessionId: 'default',
  owner: 'anonymous',
  executor: 'embedded',
  state: 'SUCCESS',
  attempt: 1,
  request: aRequest(),
  requestId: null,
  submittedAt: AT,
  startedAt: AT + 4,
  completedAt: AT + 120,
  progress: 1,
  waitingFor: null,
  cancelCause: null,
  error: null,
  result: ROWS,
  applicationId: null,
  sparkUiUrl: null,
  resultPrunedAt: null,
  serverId: 'server-1',
  lastEventId: 0,
  ...fields,
});

export const aRunningJob = (fields: Partial<Job> = {}): Job =>
  aJob({ state: 'RUNNING', completedAt: null, progress: 0.25, result: null, ...fields });

export const aJobError = (fields: Partial<JobError> = {}): JobError => ({
  code: 'EXECUTION_FAILED',
  message: '[DIVIDE_BY_ZERO] Division by zero.',
  errorClass: null,
  sqlState: null,
  position: null,
  cause: null,
  hint: null,
  retryable: false,
  ...fields,
});

export const aSessionView = (fields: Partial<Session> = {}): SessionView => ({
  session: {
    id: 'etl',
    owner: 'anonymous',
    mode: 'SHARED',
    state: 'RUNNING',
    cause: null,
    explicit: true,
    stateful: false,
    sparkConfig: {},
    idleTimeoutMs: 1_800_000,
    createdAt: AT,
    lastActivity: AT,
    endedAt: null,
    serverId: 'server-1',
    ...fields,
  },
  appId: 'local-1',
  master: 'local[2]',
  sparkVersion: '4.0.1',
  activeJobs: 0,
  sparkUiUrl: null,
});

export const aPoolView = (fields: Partial<PoolView> = {}): PoolView => ({
  name: 'etl',
  schedulingMode: 'FAIR',
  weight: 1,
  minShare: 0,
  maxRunning: null,
  maxQueued: null,
  source: 'FILE',
  running: 0,
  queued: 0,
  slotsInUse: 0,
  shareReached: null,
  waitMs: { p50: null, p95: null },
  ...fields,
});

/** A stream of events that a test feeds by hand. */
export class HandFedEvents implements JobEventStream {
  readonly #queue: JobEvent[] = [];
  #ended = false;
  #wake: () => void = () => {};
  closed = false;

  push(...events: readonly JobEvent[]): void {
    this.#queue.push(...events);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  close(): void {
    this.closed = true;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<JobEvent> {
    for (;;) {
      const next = this.#queue.shift();
      if (next !== undefined) yield next;
      else if (this.#ended) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

const unexpected = (what: string) => async (): Promise<never> => {
  throw new Error(`the test did not expect ${what}`);
};

type Overrides = { readonly [K in keyof Services]?: Partial<Services[K]> };

/** Stand-ins at the edge of the core: each test says what the calls that it makes shall answer. */
export const standIns = (overrides: Overrides = {}): Services => ({
  jobs: {
    submit: unexpected('jobs.submit'),
    get: unexpected('jobs.get'),
    awaitEnd: unexpected('jobs.awaitEnd'),
    list: unexpected('jobs.list'),
    cancel: unexpected('jobs.cancel'),
    remove: unexpected('jobs.remove'),
    rerun: unexpected('jobs.rerun'),
    logs: unexpected('jobs.logs'),
    events: unexpected('jobs.events'),
    ...overrides.jobs,
  },
  sessions: {
    list: unexpected('sessions.list'),
    get: unexpected('sessions.get'),
    create: unexpected('sessions.create'),
    remove: unexpected('sessions.remove'),
    ...overrides.sessions,
  },
  pools: {
    list: async () => [
      aPoolView({ name: 'default', minShare: 2, running: 1 }),
      aPoolView({ name: 'low-priority', weight: 0.5, minShare: 1, queued: 2 }),
    ],
    get: async (name) => {
      throw new Problem('NOT_FOUND', `There is no pool ${name}.`);
    },
    put: unexpected('pools.put'),
    remove: unexpected('pools.remove'),
    ...overrides.pools,
  },
  results: { read: unexpected('results.read'), ...overrides.results },
  files: {
    receive: unexpected('files.receive'),
    keep: unexpected('files.keep'),
    discard: unexpected('files.discard'),
    get: unexpected('files.get'),
    list: unexpected('files.list'),
    remove: unexpected('files.remove'),
    ...overrides.files,
  },
  health: {
    components: async () => ({
      diskSpace: { status: 'UP', details: { freeBytes: 1 } },
      ping: { status: 'UP', details: {} },
      spark: { status: 'UP', details: {} },
      store: { status: 'UP', details: {} },
    }),
    ready: async () => ({ ready: true, reason: null }),
    activeSessions: async () => 1,
    ...overrides.health,
  },
});

/** Accepts every statement as ended, and remembers what it was given. */
export const acceptingAll = (answer: (command: SubmitCommand) => Job = () => aJob()) => {
  const submitted: SubmitCommand[] = [];
  const services = standIns({
    jobs: {
      submit: async (command) => {
        submitted.push(command);
        return { job: answer(command), replayed: false };
      },
    },
  });
  return { services, submitted };
};
