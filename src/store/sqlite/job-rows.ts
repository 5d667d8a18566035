import type { Selectable } from 'kysely';
import type { Job, JobError, JobRequest } from '../../domain/job.ts';
import type { ResultSummary } from '../../domain/result.ts';
import type { JobsTable } from './schema.ts';
import { unreadableError } from './store-errors.ts';

export type JobRow = Selectable<JobsTable>;
/** As a list reads it: without what can be large. */
export type ListedJobRow = Omit<JobRow, 'code' | 'result_text'>;

export const LISTED_COLUMNS = [
  'id',
  'session_id',
  'owner',
  'executor',
  'kind',
  'pool',
  'name',
  'state',
  'attempt',
  'request_id',
  'submitted_at',
  'started_at',
  'completed_at',
  'progress',
  'waiting_for',
  'cancel_cause',
  'result_pruned_at',
  'server_id',
  'last_event_id',
  'error',
  'request',
  'result',
  'application_id',
  'spark_ui_url',
] as const satisfies readonly (keyof JobsTable)[];

export const JOB_COLUMNS = [
  ...LISTED_COLUMNS,
  'code',
  'result_text',
] as const satisfies readonly (keyof JobsTable)[];

/** Always the same keys in the same order: one prepared statement serves every insert. */
export const toJobRow = (job: Job): JobRow => {
  const { code, ...request } = job.request;
  return {
    id: job.id,
    session_id: job.sessionId,
    owner: job.owner,
    executor: job.executor,
    kind: job.request.kind,
    pool: job.request.pool,
    name: job.request.name,
    state: job.state,
    attempt: job.attempt,
    request_id: job.requestId,
    submitted_at: job.submittedAt,
    started_at: job.startedAt,
    completed_at: job.completedAt,
    progress: job.progress,
    waiting_for: job.waitingFor,
    cancel_cause: job.cancelCause,
    result_pruned_at: job.resultPrunedAt,
    server_id: job.serverId,
    last_event_id: job.lastEventId,
    error: toJson(job.error),
    request: JSON.stringify(request),
    ...toResultColumns(job.result),
    code,
    application_id: job.applicationId,
    spark_ui_url: job.sparkUiUrl,
  };
};

export const toResultColumns = (
  result: ResultSummary | null,
): Pick<JobRow, 'result' | 'result_text'> => {
  if (result === null) return { result: null, result_text: null };
  const { text, ...rest } = result;
  return { result: JSON.stringify(rest), result_text: text };
};

export const toJson = (value: object | null): string | null =>
  value === null ? null : JSON.stringify(value);

export const fromJson = <T>(text: string, what: string): T => {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw unreadableError(what, cause);
  }
};

export const toListedJob = (row: ListedJobRow): Job =>
  toJob({ ...row, code: null, result_text: null });

export const toJob = (row: JobRow): Job => ({
  id: row.id,
  sessionId: row.session_id,
  owner: row.owner,
  executor: row.executor,
  state: row.state,
  attempt: row.attempt,
  request: {
    ...fromJson<Omit<JobRequest, 'code'>>(row.request, `job ${row.id}`),
    code: row.code,
  },
  requestId: row.request_id,
  submittedAt: row.submitted_at,
  startedAt: row.started_at,
  completedAt: row.completed_at,
  progress: row.progress,
  waitingFor: row.waiting_for,
  cancelCause: row.cancel_cause,
  error: row.error === null ? null : fromJson<JobError>(row.error, `job ${row.id}`),
  result: toResult(row),
  applicationId: row.application_id,
  sparkUiUrl: row.spark_ui_url,
  resultPrunedAt: row.result_pruned_at,
  serverId: row.server_id,
  lastEventId: row.last_event_id,
});

const toResult = (row: JobRow): ResultSummary | null =>
  row.result === null
    ? null
    : {
        ...fromJson<Omit<ResultSummary, 'text'>>(row.result, `job ${row.id}`),
        text: row.result_text ?? '',
      };
