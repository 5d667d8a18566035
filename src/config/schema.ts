import { z } from 'zod';
import { DEFAULT_REDACTION_PATTERN } from '../domain/redaction.ts';
import { DENIED_SETTINGS } from '../domain/spark-settings.ts';
import { tokens } from './tokens.ts';
import {
  boolean,
  bytes,
  choice,
  duration,
  integer,
  orNull,
  path,
  pattern,
  portRange,
  positiveNumber,
  setting,
  text,
  textList,
  textMap,
  userIds,
  variableNames,
} from './values.ts';

const MANY = 1_000_000_000;

const server = z.strictObject({
  address: setting(text, 'The address that the HTTP server listens on.', { fallback: '127.0.0.1' }),
  port: setting(integer(0, 65_535), 'The port of the HTTP server; 0 takes a free one.', {
    fallback: 8080,
  }),
  'body-limit': setting(
    bytes,
    'The largest body that a request may have, uploads of files aside.',
    { fallback: '4MiB' },
  ),
  'headers-timeout': setting(duration, 'How long a client may take to send its headers.', {
    fallback: '10s',
  }),
  'request-timeout': setting(duration, 'How long a client may take to send a whole request.', {
    fallback: '60s',
  }),
});

const session = z.strictObject({
  mode: setting(
    choice('SHARED', 'ISOLATED'),
    'What a new session id gets. SHARED: a light session on the shared driver. ISOLATED: a driver process of its own.',
    { fallback: 'SHARED' },
  ),
  'max-sessions': setting(
    integer(1, 10_000),
    'How many drivers of isolated sessions and of single statements may live at a time, beside the shared one.',
    { fallback: 10 },
  ),
  'max-light-sessions': setting(
    integer(1, 1_000_000),
    'How many light sessions may live on the shared driver.',
    { fallback: 1000 },
  ),
  'timeout-minutes': setting(
    positiveNumber,
    'After how many minutes without a queued or running job a session ends.',
    { fallback: 30 },
  ),
  warm: setting(
    integer(0, 1000),
    'How many drivers with the default configuration stand ready for isolated sessions.',
    { fallback: 0 },
  ),
  memory: setting(
    orNull(bytes),
    'What all driver processes may take together; a driver that would pass it is refused.',
    { derived: 'what the machine or its container has, less the server and a reserve' },
  ),
  'start-timeout': setting(
    duration,
    'How long a driver process may take to start; after that its session is DEAD.',
    { fallback: '3m' },
  ),
  'dedicated-idle': setting(
    duration,
    'How long a driver that was made for single statements waits for the next one.',
    { fallback: '2m' },
  ),
  'run-as': setting(
    userIds,
    'User ids that the driver processes of sessions and single statements run under, one for each at a time: `20001-20010`, or `20001, 20005`. Nobody else may use them. Only a server that runs as root can give them.',
    { fallback: [] },
  ),
});

const jobs = z.strictObject({
  'max-running': setting(
    integer(1, 100_000),
    'How many jobs run on a driver at a time; one pool may hold three quarters of these places.',
    { fallback: 64 },
  ),
  'max-running-total': setting(
    integer(1, 1_000_000),
    'How many jobs run at a time on all drivers and by spark-submit together; one pool may hold three quarters of these places, or fewer by its `maxRunning`.',
    { fallback: 256 },
  ),
  'max-queued': setting(
    integer(0, 10_000_000),
    'How many jobs may wait for drivers, and how many for spark-submit; one more is refused with 429. A pool may have a limit of its own, `maxQueued`.',
    { fallback: 10_000 },
  ),
  'max-log-bytes': setting(bytes, 'What is kept of the output of a job, for each of its streams.', {
    fallback: '64MiB',
  }),
});

const shutdown = z.strictObject({
  drain: setting(duration, 'How long running jobs may go on after the server was told to stop.', {
    fallback: '15s',
  }),
});

const history = z.strictObject({
  'max-age': setting(duration, 'Ended jobs older than this are removed with their results.', {
    fallback: '720h',
  }),
  'max-count': setting(integer(1, MANY), 'Above this number the oldest ended jobs are removed.', {
    fallback: 100_000,
  }),
});

const results = z.strictObject({
  dir: setting(path, 'The folder for stored results.', {
    derived: '`results` in the data directory',
  }),
  'max-bytes': setting(
    bytes,
    'How large one stored result may be; `onOverflow` says what happens then.',
    { fallback: '1GiB' },
  ),
});

const store = z.strictObject({
  synchronous: setting(
    choice('NORMAL', 'FULL'),
    'NORMAL survives the end of the process at any moment; FULL a power cut as well, more slowly.',
    { fallback: 'NORMAL' },
  ),
});

const sql = z.strictObject({
  'allow-reflection': setting(boolean, 'Whether SQL may call Java: reflect, java_method.', {
    fallback: false,
  }),
  'allow-transform': setting(boolean, 'Whether SQL may run programs: TRANSFORM … USING.', {
    fallback: false,
  }),
  'allow-add-resources': setting(
    boolean,
    'Whether SQL may bring code and files: ADD JAR, ADD FILE, CREATE FUNCTION … USING.',
    { fallback: false },
  ),
  'allow-local-paths': setting(
    boolean,
    'Whether SQL may read and write local paths outside the allowed roots.',
    { fallback: false },
  ),
});

const files = z.strictObject({
  'allowed-roots': setting(
    textList,
    'Local folders that jobs may name paths in. SQL may use those of them that hold nothing of the server itself (data, results, configuration), so by default none but the warehouse.',
    {
      derived: 'the data directory and the working directory',
    },
  ),
  'allowed-schemes': setting(
    textList,
    'Schemes of the URIs that jobs may name as files. What `https` and `http` lead to is fetched by this machine.',
    { fallback: ['hdfs', 'viewfs', 's3a', 'gs', 'abfs', 'abfss', 'wasbs', 'local'] },
  ),
  'max-bytes': setting(bytes, 'The largest file that may be uploaded.', { fallback: '1GiB' }),
  'max-total-bytes': setting(bytes, 'What all uploaded files may take together.', {
    fallback: '20GiB',
  }),
});

const python = z.strictObject({
  executable: setting(
    orNull(text),
    'The Python of `python` jobs and of Python functions: a path, or a name on the PATH.',
    { derived: 'PYSPARK_PYTHON, or the Python that `bin/setup` has made, or `python3`' },
  ),
  packages: setting(
    textList,
    'Packages that this Python must be able to import; the start stops where one is missing.',
    { fallback: [] },
  ),
  ready: setting(integer(0, 100), 'How many started interpreters wait for their job.', {
    fallback: 2,
  }),
  'max-contexts': setting(
    integer(1, 1000),
    'How many stateful interpreters (`context`) may live on a driver.',
    { fallback: 20 },
  ),
});

const sparkSubmit = z.strictObject({
  'max-concurrent': setting(
    integer(1, 1000),
    'How many programs run by spark-submit at a time; more of them wait.',
    { fallback: 4 },
  ),
  'kill-grace': setting(
    duration,
    'How long a cancelled program may take to end before it is killed.',
    { fallback: '10s' },
  ),
});

const sparkConfig = z.strictObject({
  denied: setting(
    textList,
    'Settings that jobs and sessions may not have: keys, or prefixes that end with a dot or a star.',
    { fallback: [...DENIED_SETTINGS] },
  ),
});

const security = z.strictObject({
  'allow-anonymous': setting(
    boolean,
    'Allows listening beyond this machine without tokens. Everyone who reaches the port can then run code.',
    { fallback: false },
  ),
  tokens: setting(tokens, 'Who may call: names, SHA-256 of tokens, and roles.', {
    fallback: [],
    secret: true,
  }),
  'tokens-file': setting(
    orNull(path),
    'A YAML or JSON file with more tokens, in the same form; readable by the server alone.',
  ),
  'allowed-hosts': setting(
    textList,
    'Names that the Host and Origin headers may carry while no tokens are configured, beside the listening address.',
    { fallback: ['localhost', '127.0.0.1', '[::1]'] },
  ),
});

const driver = z.strictObject({
  host: setting(
    choice('embedded', 'child'),
    'Where the shared driver lives: embedded in the server process, or in a child process, whose crash costs a restart of the driver and not of the server.',
    { fallback: 'embedded' },
  ),
  'class-data': setting(
    text,
    'Where the server records, once and behind all work, which classes drivers load, so that later ones start in half the time: a folder, off, or auto (`.spark/class-data`, or the data directory where that cannot be written).',
    { fallback: 'auto' },
  ),
  'port-range': setting(portRange, 'Ports for child drivers and spark-submit programs.', {
    fallback: '41000-41999',
  }),
  environment: setting(
    variableNames,
    'Variables of the server that child drivers and spark-submit programs have in their environment as well, beside a short list; such as the credentials of a storage. What runs there can read them.',
    { fallback: [] },
  ),
});

const logging = z.strictObject({
  level: setting(
    choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    'The lowest level that is logged.',
    { fallback: 'info' },
  ),
  format: setting(
    choice('auto', 'json', 'pretty'),
    'json, pretty for people, or auto: pretty on a terminal and json elsewhere.',
    { fallback: 'auto' },
  ),
});

const libra = z.strictObject({
  'data-dir': setting(
    path,
    'The folder for history, results and the lock. A relative path starts at the working directory.',
    { fallback: '.libra' },
  ),
  session,
  jobs,
  shutdown,
  history,
  results,
  store,
  sql,
  files,
  python,
  'spark-submit': sparkSubmit,
  'spark-config': sparkConfig,
  security,
  'redaction-pattern': setting(
    pattern,
    'Settings whose key matches (in either case) never show their value.',
    { fallback: DEFAULT_REDACTION_PATTERN },
  ),
  driver,
  logging,
});

const spark = z.strictObject({
  home: setting(path, 'The Spark distribution.', {
    derived: '`.spark/home`, where `bin/setup` puts Spark',
  }),
  'app-name': setting(text, 'The name of the Spark application.', { fallback: 'libra' }),
  master: setting(text, 'The Spark master.', { fallback: 'local[*]' }),
  'local-ip': setting(
    orNull(text),
    'The address that Spark, its UI included, binds to (SPARK_LOCAL_IP).',
  ),
  config: setting(
    textMap,
    'Spark settings, key by key. Profiles add to it and replace single keys; a null takes one away.',
    { fallback: {}, secret: true },
  ),
  'fairscheduler-file': setting(
    path,
    'The pools that there are at first, in the form of Spark; calls of the API change them.',
    {
      derived: '`fairscheduler.xml` in the configuration folder',
    },
  ),
});

/** Every setting there is. `docs/configuration.md` is generated from here. */
export const configSchema = z.strictObject({ server, libra, spark });

type Camel<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : S;

/** The shape of the values: sections in camelCase, each leaf with what its type reads. */
export type ConfigOf<S> =
  S extends z.ZodObject<infer Shape>
    ? { readonly [K in keyof Shape & string as Camel<K>]: ConfigOf<Shape[K]> }
    : z.output<S>;

/**
 * What other programs and Spark itself are told by the environment rather than by settings of
 * ours; null where a variable is not set.
 */
export interface HostEnvironment {
  readonly javaHome: string | null;
  readonly hadoopConfDir: string | null;
  readonly yarnConfDir: string | null;
  readonly sparkConfDir: string | null;
  readonly javaOpts: string | null;
  readonly pysparkPython: string | null;
  readonly path: string | null;
  readonly home: string | null;
  /** Those that `libra.driver.environment` names, where they are set. */
  readonly forDrivers: Readonly<Record<string, string>>;
  /** `npm start` stands in front, and repeats signals. */
  readonly underNpm: boolean;
  /** The descriptor on which `bin/lib/supervise.sh` listens. */
  readonly supervisor: number | null;
  /** How the server that ran before ended, if it did not end in order. */
  readonly lastEnd: string | null;
}

/** The whole configuration: frozen, every key in camelCase, durations in milliseconds. */
export interface LibraConfig extends ConfigOf<typeof configSchema> {
  readonly profiles: readonly string[];
  readonly environment: HostEnvironment;
  /** The folder that holds package.json. */
  readonly projectRoot: string;
  readonly configDir: string;
  /** What is odd but stops nothing; the start logs each. */
  readonly warnings: readonly string[];
}
