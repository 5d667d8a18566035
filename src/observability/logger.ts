import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { isSecretKey } from '../domain/redaction.ts';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly level: string;
  readonly format: 'auto' | 'json' | 'pretty';
  /** `libra.redaction-pattern`: settings whose key matches never show their value. */
  readonly redactionPattern: string;
  /** Where lines go; standard output when absent. */
  readonly stream?: DestinationStream;
  readonly terminal?: boolean;
}

const CENSORED = '[redacted]';

/** Where secrets could stand in what is logged, whoever logs it. */
const SECRET_PATHS = [
  'authorization',
  'cookie',
  'token',
  'password',
  'secret',
  '*.authorization',
  '*.cookie',
  '*.token',
  '*.password',
  '*.secret',
  'req.headers.authorization',
  'req.headers.cookie',
  'headers["set-cookie"]',
  'res.headers["set-cookie"]',
];

/** Bound values of statements are the users' data, not ours. */
const UNLOGGED = ['parameters', '*.parameters'];

/**
 * The server's log: one JSON object a line, `{"level":"info","time":"…Z","msg":"…",…}`, or text for
 * people on a terminal. The JVM's log4j2 writes the same shape. Children carry requestId, jobId and
 * sessionId.
 */
export const createLogger = (options: LoggerOptions): Logger => {
  const settings = settingsSerializer(options.redactionPattern);
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...SECRET_PATHS, ...UNLOGGED], censor: CENSORED },
      serializers: { settings, sparkConfig: settings, sparkConf: settings },
    },
    streamOf(options),
  );
};

const streamOf = (options: LoggerOptions): DestinationStream => {
  const terminal = options.terminal ?? process.stdout.isTTY === true;
  const people = options.format === 'pretty' || (options.format === 'auto' && terminal);
  // Synchronous: the last lines before the JVM ends the process are those that matter.
  const stream = options.stream ?? destination({ dest: 1, sync: true });
  if (!people) return stream;
  const prettify = prettyFactory({ colorize: terminal, translateTime: 'SYS:HH:MM:ss.l' });
  return { write: (line) => stream.write(prettify(line)) };
};

const settingsSerializer = (pattern: string) => (value: unknown) => {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, held]) => [key, isSecretKey(key, pattern) ? CENSORED : held]),
  );
};
