import { z } from 'zod';
import { EXECUTOR_KINDS, JOB_KINDS, JOB_STATES, type Job, type JobError } from '../domain/job.ts';
import { timestamp } from './times.ts';

const jobErrorSchema = z
  .object({
    code: z.string().describe('One of the registry in docs/errors.md.'),
    message: z.string(),
    errorClass: z.string().optional().describe("Spark's error class."),
    sqlState: z.string().optional(),
    position: z
      .object({
        line: z.int().describe('Counts from 1.'),
        column: z.int().describe('Counts from 1.'),
        fragment: z.string().nullable(),
      })
      .optional(),
    cause: z.string().optional(),
    hint: z.string().optional(),
    retryable: z.boolean(),
  })
  .meta({ id: 'JobError', description: 'Why an accepted job did not succeed.' });

export const columnSchema = z
  .object({ name: z.string(), type: z.string(), nullable: z.boolean() })
  .meta({ id: 'Column', description: "A column as Spark names it; `type` is Spark's short form." });

/** What lists show: a job without its text and result. */
export const jobItemSchema = z
  .object({
    jobId: z.string(),
    sessionId: z.string(),
    kind: z.enum(JOB_KINDS),
    name: z.string().nullable(),
    description: z.string().nullable(),
    tags: z.record(z.string(), z.string()),
    pool: z.string(),
    executor: z
      .enum(EXECUTOR_KINDS)
      .describe(
        "Which way it goes: on the session's driver, on a driver of its own, or by spark-submit.",
      ),
    owner: z.string(),
    state: z.enum(JOB_STATES),
    attempt: z.int(),
    rowCount: z.int().nullable().describe('Rows that are stored.'),
    truncated: z
      .boolean()
      .nullable()
      .describe('The inline text is shorter than what is stored; null until there is a result.'),
    resultComplete: z
      .boolean()
      .nullable()
      .describe('False when the storage limit cut the result; null until there is a result.'),
    submittedAt: z.iso.datetime(),
    startedAt: z.iso.datetime().nullable(),
    completedAt: z.iso.datetime().nullable(),
    executionTimeMs: z.int().nullable(),
    progress: z.number().describe('0 to 1.'),
    waitingFor: z.string().nullable(),
    applicationId: z
      .string()
      .nullable()
      .describe('The Spark application of a job that has one of its own, once it is known.'),
    sparkUiUrl: z.string().nullable().describe('Where that application shows itself.'),
    error: jobErrorSchema.nullable(),
  })
  .meta({ id: 'JobItem' });

export const jobSchema = jobItemSchema
  .extend({
    code: z.string().nullable().describe('The statement, as it was sent.'),
    filePath: z.string().nullable().describe('The file of the program, as it was sent.'),
    mainClass: z.string().nullable(),
    result: z
      .string()
      .nullable()
      .describe('The first rows as text, or what the code printed, up to 1 MiB of it.'),
    schema: z.array(columnSchema).nullable(),
  })
  .meta({ id: 'Job' });

export type JobItemView = z.infer<typeof jobItemSchema>;
export type JobView = z.infer<typeof jobSchema>;

const optional = <K extends string, V>(key: K, value: V | null): { [P in K]?: V } =>
  value === null ? {} : ({ [key]: value } as { [P in K]?: V });

const errorView = (error: JobError): z.infer<typeof jobErrorSchema> => ({
  code: error.code,
  message: error.message,
  ...optional('errorClass', error.errorClass),
  ...optional('sqlState', error.sqlState),
  ...optional('position', error.position === null ? null : { ...error.position }),
  ...optional('cause', error.cause),
  ...optional('hint', error.hint),
  retryable: error.retryable,
});

export const jobItemView = (job: Job): JobItemView => ({
  jobId: job.id,
  sessionId: job.sessionId,
  kind: job.request.kind,
  name: job.request.name,
  description: job.request.description,
  tags: { ...job.request.tags },
  pool: job.request.pool,
  executor: job.executor,
  owner: job.owner,
  state: job.state,
  attempt: job.attempt,
  rowCount: job.result?.rowCount ?? null,
  truncated: job.result?.truncated ?? null,
  resultComplete: job.result?.complete ?? null,
  submittedAt: timestamp(job.submittedAt),
  startedAt: timestamp(job.startedAt),
  completedAt: timestamp(job.completedAt),
  executionTimeMs:
    job.startedAt === null || job.completedAt === null
      ? null
      : Math.max(0, job.completedAt - job.startedAt),
  progress: job.progress,
  waitingFor: job.waitingFor,
  applicationId: job.applicationId,
  sparkUiUrl: job.sparkUiUrl,
  error: job.error === null ? null : errorView(job.error),
});

/** Values of parameters, arguments and settings stay out: each may be a secret. */
export const jobView = (job: Job): JobView => ({
  ...jobItemView(job),
  code: job.request.code,
  filePath: job.request.filePath,
  mainClass: job.request.mainClass,
  result: job.result?.text ?? null,
  schema: job.result?.columns?.map((column) => ({ ...column })) ?? null,
});

export const JOB_EXAMPLE: JobView = {
  jobId: '0193a5c8-7c1e-7b44-9d2f-3f6d2f0c9a11',
  sessionId: 'default',
  kind: 'sql',
  name: null,
  description: 'ids above fifty',
  tags: { team: 'search' },
  pool: 'default',
  executor: 'embedded',
  owner: 'anonymous',
  state: 'SUCCESS',
  attempt: 1,
  rowCount: 49,
  truncated: false,
  resultComplete: true,
  submittedAt: '2025-11-03T10:00:00.000Z',
  startedAt: '2025-11-03T10:00:00.004Z',
  completedAt: '2025-11-03T10:00:00.120Z',
  executionTimeMs: 116,
  progress: 1,
  waitingFor: null,
  applicationId: null,
  sparkUiUrl: null,
  error: null,
  code: 'SELECT id FROM range(100) WHERE id > 50',
  filePath: null,
  mainClass: null,
  result: 'Schema: struct<id:bigint>\n\n[51]\n[52]\n',
  schema: [{ name: 'id', type: 'bigint', nullable: false }],
};

const {
  code: _code,
  filePath: _filePath,
  mainClass: _mainClass,
  result: _result,
  schema: _schema,
  ...item
} = JOB_EXAMPLE;
export const JOB_ITEM_EXAMPLE: JobItemView = item;

export const RUNNING_EXAMPLE: JobView = {
  ...JOB_EXAMPLE,
  state: 'RUNNING',
  rowCount: null,
  truncated: null,
  resultComplete: null,
  completedAt: null,
  executionTimeMs: null,
  progress: 0.25,
  result: null,
  schema: null,
};
