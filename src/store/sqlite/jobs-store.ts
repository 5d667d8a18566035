import { sql, type Updateable } from 'kysely';
import {
  ACTIVE_STATES,
  isTerminal,
  JOB_STATES,
  type Job,
  type JobFilter,
  type JobPage,
  type JobState,
  mayFollow,
  type SparkApplication,
  TERMINAL_STATES,
  type WaitingFor,
} from '../../domain/job.ts';
import type { CreateJobAnswer, JobChange, JobSecrets, JobStore, NewJob } from '../store.ts';
import { bind, compileRaw, queries, type SqliteConnection } from './connection.ts';
import { forgetKeys, keepKey, replayOf } from './idempotency.ts';
import { listJobs } from './job-list.ts';
import { fromJson, JOB_COLUMNS, toJob, toJobRow, toJson, toResultColumns } from './job-rows.ts';
import type { JobsTable } from './schema.ts';

const activeJobs = compileRaw<{ id: string }>(sql`
  SELECT id FROM jobs INDEXED BY jobs_active
  WHERE state IN ('QUEUED', 'RUNNING') ORDER BY submitted_at, id`);

export class SqliteJobStore implements JobStore {
  readonly #connection: SqliteConnection;
  /** Told when secrets were deleted: their bytes may still stand in the log. */
  readonly #onSecretsForgotten: () => void;

  constructor(connection: SqliteConnection, onSecretsForgotten: () => void) {
    this.#connection = connection;
    this.#onSecretsForgotten = onSecretsForgotten;
  }

  async create({ job, secrets, idempotency }: NewJob): Promise<CreateJobAnswer> {
    return this.#connection.transaction((): CreateJobAnswer => {
      const known = replayOf(this.#connection, idempotency);
      if (known !== null) return known;
      this.#connection.run(insertJob(job));
      this.#keepTags(job);
      if (secrets !== null) this.#keepSecrets(job.id, secrets);
      keepKey(this.#connection, idempotency, 'job', job.id);
      return { created: true };
    });
  }

  async get(id: string): Promise<Job | null> {
    const row = this.#connection.first(bind(selectJob, id));
    return row === null ? null : toJob(row);
  }

  async secrets(id: string): Promise<JobSecrets | null> {
    const row = this.#connection.first(
      queries.selectFrom('job_secrets').select('secrets').where('job_id', '=', id).compile(),
    );
    return row === null ? null : fromJson<JobSecrets>(row.secrets, `the secrets of job ${id}`);
  }

  list(filter: JobFilter, limit: number, cursor: string | null): Promise<JobPage> {
    return listJobs(this.#connection, filter, limit, cursor);
  }

  async transition(id: string, from: JobState, to: JobState, change: JobChange): Promise<boolean> {
    if (!mayFollow(from, to)) throw new Error(`A job does not go from ${from} to ${to}`);
    if (isTerminal(to) && (change.completedAt ?? null) === null) {
      throw new Error(`A job that is ${to} needs the time of its end`);
    }
    const forget = isTerminal(to) || change.forgetSecrets === true;
    return this.#connection.transaction(() => {
      const changed = this.#connection.run(
        queries
          .updateTable('jobs')
          .set({ state: to, ...toColumns(change) })
          .where('id', '=', id)
          .where('state', '=', from)
          .compile(),
      );
      if (changed === 1 && forget) this.#forgetSecrets(id);
      return changed === 1;
    });
  }

  async requestCancel(id: string, cause: string): Promise<boolean> {
    const query = queries
      .updateTable('jobs')
      .set({ cancel_cause: cause })
      .where('id', '=', id)
      .where('cancel_cause', 'is', null)
      .where('state', 'in', ACTIVE_STATES);
    return this.#connection.run(query.compile()) === 1;
  }

  async setWaitingFor(id: string, waitingFor: WaitingFor | null): Promise<void> {
    const query = queries
      .updateTable('jobs')
      .set({ waiting_for: waitingFor })
      .where('id', '=', id)
      .where('state', 'in', ACTIVE_STATES);
    this.#connection.run(query.compile());
  }

  async recordApplication(id: string, application: SparkApplication): Promise<void> {
    const { applicationId, sparkUiUrl } = application;
    const query = queries
      .updateTable('jobs')
      .set({ application_id: applicationId, spark_ui_url: sparkUiUrl })
      .where('id', '=', id)
      .where('state', '=', 'RUNNING');
    this.#connection.run(query.compile());
  }

  async markResultPruned(id: string, at: number): Promise<void> {
    const query = queries.updateTable('jobs').set({ result_pruned_at: at }).where('id', '=', id);
    this.#connection.run(query.compile());
  }

  async remove(id: string): Promise<boolean> {
    return this.#connection.transaction(() => {
      const query = queries
        .deleteFrom('jobs')
        .where('id', '=', id)
        .where('state', 'in', TERMINAL_STATES);
      if (this.#connection.run(query.compile()) === 0) return false;
      forgetKeys(this.#connection, 'job', id);
      return true;
    });
  }

  async countByState(): Promise<Readonly<Record<JobState, number>>> {
    const counts = Object.fromEntries(JOB_STATES.map((state) => [state, 0]));
    const rows = this.#connection.all(
      queries.selectFrom('job_counts').select(['state', 'jobs']).compile(),
    );
    for (const row of rows) counts[row.state] = row.jobs;
    return counts as Record<JobState, number>;
  }

  async active(): Promise<readonly Job[]> {
    return this.#connection.transaction(() =>
      this.#connection.all(activeJobs).flatMap(({ id }) => {
        const row = this.#connection.first(bind(selectJob, id));
        return row === null ? [] : [toJob(row)];
      }),
    );
  }

  async prunable(before: number, keep: number, limit: number): Promise<readonly string[]> {
    const counts = await this.countByState();
    const ended = TERMINAL_STATES.reduce((sum, state) => sum + counts[state], 0);
    const beyond = Math.max(0, ended - keep);
    const oldest = this.#connection.all(
      queries
        .selectFrom('jobs')
        .select(['id', 'completed_at'])
        .where('completed_at', 'is not', null)
        .orderBy('completed_at')
        .orderBy('id')
        .limit(limit)
        .compile(),
    );
    return oldest
      .filter((row, place) => place < beyond || (row.completed_at ?? before) < before)
      .map((row) => row.id);
  }

  #keepTags(job: Job): void {
    for (const [key, value] of Object.entries(job.request.tags)) {
      this.#connection.run(
        queries
          .insertInto('job_tags')
          .values({ job_id: job.id, key, value, submitted_at: job.submittedAt })
          .compile(),
      );
    }
  }

  #keepSecrets(jobId: string, secrets: JobSecrets): void {
    this.#connection.run(
      queries
        .insertInto('job_secrets')
        .values({ job_id: jobId, secrets: PADDING + JSON.stringify(secrets) })
        .compile(),
    );
  }

  #forgetSecrets(jobId: string): void {
    const deleted = this.#connection.run(bind(deleteSecrets, jobId));
    if (deleted > 0) this.#onSecretsForgotten();
  }
}

/**
 * As long as a page, so that the secrets come to stand on overflow pages, which SQLite never
 * copies about and wipes whole when they are freed. Inside a tree's own pages, rebalancing can
 * leave a stale copy behind, secure_delete or not. JSON does not mind the whitespace.
 */
const PADDING = ' '.repeat(4096);

/** Compiled once: they run several times for each job, and a compilation costs as much as a query. */
const selectJob = queries
  .selectFrom('jobs')
  .select([...JOB_COLUMNS])
  .where('id', '=', '')
  .compile();
const deleteSecrets = queries.deleteFrom('job_secrets').where('job_id', '=', '').compile();

let insertSql: string | null = null;
const insertJob = (job: Job) => {
  const row = toJobRow(job);
  insertSql ??= queries.insertInto('jobs').values(row).compile().sql;
  return { sql: insertSql, parameters: Object.values(row) };
};

const toColumns = (change: JobChange): Updateable<JobsTable> => ({
  waiting_for: change.waitingFor ?? null,
  ...(change.attempt === undefined ? {} : { attempt: change.attempt }),
  ...(change.applicationId === undefined ? {} : { application_id: change.applicationId }),
  ...(change.sparkUiUrl === undefined ? {} : { spark_ui_url: change.sparkUiUrl }),
  ...(change.startedAt === undefined ? {} : { started_at: change.startedAt }),
  ...(change.completedAt === undefined ? {} : { completed_at: change.completedAt }),
  ...(change.progress === undefined ? {} : { progress: change.progress }),
  ...(change.error === undefined ? {} : { error: toJson(change.error) }),
  ...(change.result === undefined ? {} : toResultColumns(change.result)),
  ...(change.lastEventId === undefined ? {} : { last_event_id: change.lastEventId }),
  ...(change.serverId === undefined ? {} : { server_id: change.serverId }),
});
