import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuid } from 'uuid';
import type { Job, JobError, JobRequest } from '../../src/domain/job.ts';
import type { ResultSummary } from '../../src/domain/result.ts';
import type { Session } from '../../src/domain/session.ts';
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { NewJob, Store } from '../../src/store/store.ts';
import { aRequest } from './job-request.ts';

export { aRequest };

export interface StoreUnderTest {
  readonly store: Store;
  /** Closes the store and opens another over the same data. */
  reopen(): Promise<Store>;
  dispose(): Promise<void>;
}

export interface StoreImplementation {
  readonly name: string;
  /** Room for so many bytes; null for as much as the disk has. */
  make(maxBytes: number | null): Promise<StoreUnderTest>;
}

/** Every real implementation of the port; the contract suite runs over each. */
export const STORES: readonly StoreImplementation[] = [
  {
    name: 'sqlite',
    async make(maxBytes) {
      const dataDir = await temporaryFolder();
      let store = new SqliteStore({ dataDir, maxBytes });
      await store.open();
      return {
        get store() {
          return store;
        },
        async reopen() {
          await store.close();
          store = new SqliteStore({ dataDir, maxBytes });
          await store.open();
          return store;
        },
        async dispose() {
          await store.close();
          await rm(dataDir, { recursive: true });
        },
      };
    },
  },
];

export const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'libra-store-'));

export type JobOver = Partial<Omit<Job, 'request'>> & { readonly request?: Partial<JobRequest> };

export const aJob = ({ request, ...over }: JobOver = {}): Job => ({
  id: uuid(),
  sessionId: 'default',
  owner: 'anonymous',
  executor: 'embedded',
  state: 'QUEUED',
  attempt: 1,
  request: aRequest(request),
  requestId: 'req-1',
  submittedAt: Date.now(),
  startedAt: null,
  completedAt: null,
  progress: 0,
  waitingFor: null,
  cancelCause: null,
  error: null,
  result: null,
  applicationId: null,
  sparkUiUrl: null,
  resultPrunedAt: null,
  serverId: 'server-1',
  lastEventId: 0,
  ...over,
});

export const anEntry = (over: JobOver = {}, rest: Partial<NewJob> = {}): NewJob => ({
  job: aJob(over),
  secrets: null,
  idempotency: null,
  ...rest,
});

export const aResult = (over: Partial<ResultSummary> = {}): ResultSummary => ({
  text: 'Schema: struct<id:bigint>\n\n[1]\n',
  columns: [{ name: 'id', type: 'bigint', nullable: false }],
  rowCount: 1,
  truncated: false,
  complete: true,
  byteCount: 312,
  ...over,
});

export const anError = (over: Partial<JobError> = {}): JobError => ({
  code: 'EXECUTION_FAILED',
  message: '[DIVIDE_BY_ZERO] Division by zero.',
  errorClass: 'DIVIDE_BY_ZERO',
  sqlState: '22012',
  position: { line: 1, column: 8, fragment: '1/0' },
  cause: null,
  hint: null,
  retryable: false,
  ...over,
});

export const aSession = (over: Partial<Session> = {}): Session => ({
  id: 'reports',
  owner: 'anonymous',
  mode: 'SHARED',
  state: 'STARTING',
  cause: null,
  explicit: true,
  stateful: false,
  sparkConfig: { 'spark.sql.shuffle.partitions': '4' },
  idleTimeoutMs: 1_800_000,
  createdAt: 1000,
  lastActivity: 1000,
  endedAt: null,
  serverId: 'server-1',
  ...over,
});
