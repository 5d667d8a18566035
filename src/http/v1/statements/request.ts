import { z } from 'zod';
import {
  type JobRequest,
  OVERFLOWS,
  RETRYABLE_ENDS,
  type SqlParameter,
} from '../../../domain/job.ts';
import { DEFAULT_POOL } from '../../../domain/pool.ts';
import {
  accepts,
  className,
  codeOf,
  duration,
  idempotencyKey,
  name,
  nonEmptyText,
  oneOf,
  programArgs,
  settings,
  tags,
  text,
  wholeNumber,
} from '../../fields.ts';
import { LONGEST_WAIT } from '../../hold.ts';

export const ON_TIMEOUTS = ['CONTINUE', 'CANCEL'] as const;
const MOST_ROWS = 100_000;

const common = {
  pool: name().default(DEFAULT_POOL).describe('FAIR pool that the work runs in.'),
  description: text(0, 4096)
    .optional()
    .describe('Shown in the Spark UI, the job list and the logs.'),
  name: text(1, 256).optional().describe('For finding the job again.'),
  tags: tags().default({}).describe('For finding jobs, cost reports and rules.'),
  sparkConfig: settings().default({}).describe('Configuration for this job alone.'),
  wait: duration('0s', LONGEST_WAIT)
    .prefault('50s')
    .describe('How long the call may hold before it answers 202. `0s` returns at once.'),
  onTimeout: oneOf(ON_TIMEOUTS)
    .default('CONTINUE')
    .describe('What happens to the job when `wait` ends first.'),
  rowLimit: wholeNumber(0, MOST_ROWS).default(1000).describe('Rows in the inline `result`.'),
  onOverflow: oneOf(OVERFLOWS)
    .default('TRUNCATE')
    .describe('What happens when the stored result passes `libra.results.max-bytes`.'),
  maxRuntime: duration('1ms', '8760h')
    .optional()
    .describe('The job is cancelled when it runs longer.'),
  retry: z
    .strictObject(
      {
        maxAttempts: wholeNumber(1, 10).describe('The first attempt counts.'),
        on: z
          .array(oneOf(RETRYABLE_ENDS), accepts(`a list of ${RETRYABLE_ENDS.join(', ')}`))
          .min(1, accepts(`a list of ${RETRYABLE_ENDS.join(', ')}`))
          .default(['LOST']),
      },
      accepts('an object with maxAttempts and on'),
    )
    .optional()
    .describe('Run again on these ends.'),
  idempotencyKey: idempotencyKey()
    .optional()
    .describe('The same key answers with the same job and never runs it twice.'),
};

const scalar = z.union(
  [z.string(), z.number(), z.boolean(), z.null()],
  accepts('text, a number, true, false or null'),
);
const markerRule = accepts('the name of a :marker, such as id');
const marker = z.string(markerRule).regex(/^[A-Za-z_]\w{0,127}$/, markerRule);
const WIDE = 'a whole number up to 2^53 - 1; send a wider one as text with "type": "BIGINT"';

/** JSON has read a wider whole number as another one already: binding that would be silently wrong. */
const isExact = ({ value, type }: { value: SqlParameter['value']; type: string | null }): boolean =>
  typeof value !== 'number' ||
  !Number.isInteger(value) ||
  Number.isSafeInteger(value) ||
  /^(double|float)$/i.test(type ?? '');

type Bound = { name: string; value: SqlParameter['value']; type: string | null };

const parameters = z
  .union(
    [
      z.record(marker, scalar),
      z.array(
        z.strictObject({
          name: marker,
          value: scalar,
          type: text(1, 128, "Spark's name of a type, such as DATE").nullable().default(null),
        }),
      ),
    ],
    accepts('an object of values by marker, or a list of { name, value, type }'),
  )
  .transform((given): Bound[] =>
    Array.isArray(given)
      ? given
      : Object.entries(given).map(([key, value]) => ({ name: key, value, type: null })),
  )
  .superRefine((list, context) => {
    const seen = new Set<string>();
    for (const parameter of list) {
      if (!isExact(parameter)) {
        context.addIssue({ code: 'custom', path: [parameter.name], message: `accepts ${WIDE}` });
      }
      if (seen.has(parameter.name)) {
        context.addIssue({ code: 'custom', path: [parameter.name], message: 'stands there twice' });
      }
      seen.add(parameter.name);
    }
  })
  .default([])
  .describe('Values for the named `:markers`; Spark binds them, they never become text.');

const args = programArgs().default([]).describe('Arguments of the program, as they are.');
const filePath = text(1, 4096, 'a path, a URI that Spark can read, or the id of an uploaded file')
  .regex(/\S/, accepts('a path, a URI that Spark can read, or the id of an uploaded file'))
  .describe(
    'A path in one of the allowed roots (a relative one is looked up in each of them), a URI of an allowed scheme, or the `fileId` of an upload.',
  );
const MOST_CODE = 1024 * 1024;

const sql = z
  .strictObject({
    kind: z.literal('sql'),
    code: nonEmptyText('one SQL statement').describe(
      'One statement; a trailing semicolon is fine.',
    ),
    parameters,
    ...common,
  })
  .meta({
    title: 'sql',
    description:
      "SQL on the session's driver; the result is its rows. With `sparkConfig` that cannot be set at run time it gets a driver of its own, which sees no temporary views and no current database of the session, and no tables of the in-memory catalog.",
  });
const python = z
  .strictObject({
    kind: z.literal('python'),
    code: codeOf('Python code', MOST_CODE).describe(
      '`spark` and `sc` are defined; `display(df)` shows rows.',
    ),
    args: args.describe('`sys.argv[1:]` of the code.'),
    context: name()
      .optional()
      .describe('A stateful interpreter of the session: its variables live on.'),
    ...common,
  })
  .meta({
    title: 'python',
    description:
      "Python on the session's driver, or on one of its own where `sparkConfig` needs it; the result is what it printed.",
  });
const pythonFile = z
  .strictObject({ kind: z.literal('python-file'), filePath, args, ...common })
  .meta({ title: 'python-file', description: 'A .py file, run by spark-submit.' });
const jar = z
  .strictObject({
    kind: z.literal('jar'),
    filePath,
    mainClass: className().optional().describe('When the manifest names none.'),
    args,
    ...common,
  })
  .meta({ title: 'jar', description: 'The main class of a jar, run by spark-submit.' });
const jarClass = z
  .strictObject({
    kind: z.literal('jar-class'),
    filePath,
    mainClass: className().describe('The class whose `main` is called.'),
    args,
    ...common,
  })
  .meta({
    title: 'jar-class',
    description:
      "A class of a jar inside of the session's driver; by spark-submit with `sparkConfig`.",
  });

const kinds = [sql, python, pythonFile, jar, jarClass] as const;
const KIND_RULE = `one of ${kinds.map((kind) => kind.shape.kind.value).join(', ')}`;

export const statementSchema = z
  .discriminatedUnion('kind', kinds, {
    error: (issue) => {
      const input = issue.input as unknown;
      if (typeof input !== 'object' || input === null || Array.isArray(input)) {
        return 'accepts a JSON object';
      }
      return accepts(KIND_RULE).error({ input: (input as { kind?: unknown }).kind });
    },
  })
  .meta({
    'x-examples': {
      query: {
        summary: 'A query',
        value: { kind: 'sql', code: 'SELECT id FROM range(100) WHERE id > 50' },
      },
      parameters: {
        summary: 'Named parameters, a pool and a short wait',
        value: {
          kind: 'sql',
          code: 'SELECT * FROM orders WHERE day = :day LIMIT 10',
          parameters: [{ name: 'day', value: '2025-11-03', type: 'DATE' }],
          pool: 'interactive',
          wait: '5s',
        },
      },
      'own driver': {
        summary: 'A query with a driver of its own',
        value: {
          kind: 'sql',
          code: 'SELECT count(*) FROM parquet.`s3a://lake/events`',
          sparkConfig: { 'spark.driver.memory': '4g' },
        },
      },
      python: {
        summary: "Python on the session's driver",
        value: { kind: 'python', code: 'print(spark.range(100).count())' },
      },
      context: {
        summary: 'Python whose variables live on',
        value: { kind: 'python', context: 'notebook', code: 'df = spark.range(100)\ndf.count()' },
      },
      'python-file': {
        summary: 'A Python file with arguments, in memory of its own',
        value: {
          kind: 'python-file',
          filePath: 'jobs/etl.py',
          args: ['--day', '2025-11-03'],
          sparkConfig: { 'spark.driver.memory': '2g' },
        },
      },
      jar: {
        summary: 'A jar that was uploaded',
        value: {
          kind: 'jar',
          filePath: '0193a5c8-7c1e-7b44-9d2f-3f6d2f0c9a11',
          mainClass: 'com.acme.WordCount',
          args: ['s3a://books/in', 's3a://books/out'],
          wait: '0s',
        },
      },
      'jar-class': {
        summary: "A class inside of the session's driver",
        value: {
          kind: 'jar-class',
          filePath: 'jobs/pi.jar',
          mainClass: 'com.acme.Pi',
          args: ['100'],
        },
      },
    },
  });

export type StatementBody = z.output<typeof statementSchema>;

const orNull = <V>(value: V | undefined): V | null => value ?? null;

/** The request as the core keeps it: every field is there, null where the body had none. */
export const toJobRequest = (body: StatementBody): JobRequest => ({
  kind: body.kind,
  code: 'code' in body ? body.code : null,
  filePath: 'filePath' in body ? body.filePath : null,
  mainClass: 'mainClass' in body ? orNull(body.mainClass) : null,
  args: 'args' in body ? body.args : [],
  pool: body.pool,
  description: orNull(body.description),
  name: orNull(body.name),
  tags: body.tags,
  sparkConfig: body.sparkConfig,
  parameters: 'parameters' in body ? body.parameters : [],
  rowLimit: body.rowLimit,
  onOverflow: body.onOverflow,
  maxRuntimeMs: orNull(body.maxRuntime),
  context: 'context' in body ? orNull(body.context) : null,
  retry:
    body.retry === undefined ? null : { maxAttempts: body.retry.maxAttempts, on: body.retry.on },
});
