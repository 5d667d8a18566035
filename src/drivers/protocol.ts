import { z } from 'zod';
import { DRIVER_JOB_KINDS } from './driver.ts';

/**
 * The protocol of a driver host, the same over JNI and over a socket: one JSON object a message,
 * newline-delimited where it travels as a stream. Fields are always there, null where empty.
 * `DriverProtocol.java` declares the same messages with the same names in the same order; a test
 * compares the two.
 */

const pool = z.strictObject({
  name: z.string(),
  schedulingMode: z.enum(['FAIR', 'FIFO']),
  weight: z.number(),
  minShare: z.number(),
});

const sqlPolicy = z.strictObject({
  allowReflection: z.boolean(),
  allowTransform: z.boolean(),
  allowAddResources: z.boolean(),
  allowLocalPaths: z.boolean(),
  allowedRoots: z.array(z.string()),
});

const python = z.strictObject({
  executable: z.string(),
  path: z.array(z.string()),
  runnerDir: z.string(),
  ready: z.number(),
  maxContexts: z.number(),
});

const parameter = z.strictObject({
  name: z.string(),
  value: z.union([z.string(), z.number(), z.boolean(), z.null()]),
  type: z.string().nullable(),
});

const settings = z.record(z.string(), z.string());
const answered = { requestId: z.number() };

/** Server → host. A request with a `requestId` is answered by one `reply`. */
export const hostRequestSchema = z.discriminatedUnion('request', [
  z.strictObject({
    request: z.literal('start'),
    sparkConf: settings,
    pools: z.array(pool),
    sqlPolicy,
    python: python.nullable(),
  }),
  z.strictObject({
    request: z.literal('submit'),
    jobId: z.string(),
    kind: z.enum(DRIVER_JOB_KINDS),
    sessionId: z.string(),
    code: z.string().nullable(),
    parameters: z.array(parameter),
    filePath: z.string().nullable(),
    mainClass: z.string().nullable(),
    args: z.array(z.string()),
    context: z.string().nullable(),
    settings,
    pool: z.string(),
    description: z.string(),
    rowLimit: z.number(),
    maxResultBytes: z.number(),
    maxLogBytes: z.number(),
    onOverflow: z.enum(['TRUNCATE', 'FAIL']),
    resultDir: z.string(),
  }),
  z.strictObject({ request: z.literal('cancel'), jobId: z.string() }),
  z.strictObject({
    request: z.literal('openSession'),
    ...answered,
    sessionId: z.string(),
    settings,
  }),
  z.strictObject({ request: z.literal('closeSession'), ...answered, sessionId: z.string() }),
  z.strictObject({
    request: z.literal('unmodifiableKeys'),
    ...answered,
    keys: z.array(z.string()),
  }),
  z.strictObject({ request: z.literal('setPools'), ...answered, pools: z.array(pool) }),
  z.strictObject({ request: z.literal('stats'), ...answered }),
  z.strictObject({ request: z.literal('ping'), ...answered }),
  z.strictObject({ request: z.literal('stop') }),
]);

/** What is read in Java only: the schema gives the type and takes part in the comparison. */
export type HostRequest = z.infer<typeof hostRequestSchema>;

const column = z.strictObject({ name: z.string(), type: z.string(), nullable: z.boolean() });

const jobError = z.strictObject({
  code: z.string(),
  message: z.string(),
  errorClass: z.string().nullable(),
  sqlState: z.string().nullable(),
  position: z
    .strictObject({ line: z.number(), column: z.number(), fragment: z.string().nullable() })
    .nullable(),
  cause: z.string().nullable(),
  hint: z.string().nullable(),
  retryable: z.boolean(),
});

const resultSummary = z.strictObject({
  text: z.string(),
  columns: z.array(column).nullable(),
  rowCount: z.number().nullable(),
  truncated: z.boolean(),
  complete: z.boolean(),
  byteCount: z.number(),
});

const ofJob = { jobId: z.string() };

/** The value of the reply to `stats`. */
export const jvmStatsSchema = z.strictObject({
  heapUsedBytes: z.number(),
  heapCommittedBytes: z.number(),
  heapMaxBytes: z.number(),
  nonHeapUsedBytes: z.number(),
  threads: z.number(),
  gc: z.array(z.strictObject({ name: z.string(), count: z.number(), timeMs: z.number() })),
  activeTasks: z.number(),
  totalCores: z.number(),
  pools: z.array(
    z.strictObject({ name: z.string(), runningTasks: z.number(), taskTimeMs: z.number() }),
  ),
});

/** Host → server. */
export const hostEventSchema = z.discriminatedUnion('event', [
  /** The context answers: after `start`, and after a lost context was replaced. */
  z.strictObject({
    event: z.literal('ready'),
    appId: z.string(),
    sparkVersion: z.string(),
    scalaVersion: z.string(),
    javaVersion: z.string(),
    master: z.string(),
    uiUrl: z.string().nullable(),
    defaultParallelism: z.number(),
  }),
  z.strictObject({ event: z.literal('startFailed'), message: z.string() }),
  /** The SparkContext ended without a stop; its jobs have been reported as lost before. */
  z.strictObject({ event: z.literal('contextLost'), cause: z.string() }),
  z.strictObject({ event: z.literal('stopped') }),
  z.strictObject({
    event: z.literal('reply'),
    requestId: z.number(),
    value: z.unknown(),
    error: jobError.nullable(),
  }),
  z.strictObject({ event: z.literal('started'), ...ofJob }),
  z.strictObject({ event: z.literal('progress'), ...ofJob, fraction: z.number() }),
  z.strictObject({
    event: z.literal('waits'),
    ...ofJob,
    waitingFor: z.literal('EXECUTORS').nullable(),
  }),
  z.strictObject({
    event: z.literal('log'),
    ...ofJob,
    stream: z.enum(['stdout', 'stderr']),
    text: z.string(),
  }),
  z.strictObject({ event: z.literal('schema'), ...ofJob, columns: z.array(column) }),
  z.strictObject({ event: z.literal('rows'), ...ofJob, rowCount: z.number() }),
  z.strictObject({ event: z.literal('succeeded'), ...ofJob, result: resultSummary }),
  z.strictObject({ event: z.literal('failed'), ...ofJob, error: jobError }),
  z.strictObject({ event: z.literal('cancelled'), ...ofJob }),
  z.strictObject({ event: z.literal('lost'), ...ofJob, error: jobError }),
]);

export type HostEvent = z.infer<typeof hostEventSchema>;

/** What the pump hands over: a batch of events, oldest first. */
export const hostEventsSchema = z.array(hostEventSchema);
