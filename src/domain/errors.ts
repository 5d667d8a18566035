/**
 * Every `code` that a problem or a failed job can carry. `docs/errors.md` is generated from here.
 * `status` is the HTTP status of a problem; null where the code only ever stands in a job's error.
 */
export const ERROR_CODES = {
  // What was not accepted.
  BAD_HTTP: { status: 400, title: 'The request is not valid HTTP' },
  BAD_JSON: { status: 400, title: 'The body is not valid JSON' },
  INVALID_REQUEST: { status: 400, title: 'The request is not valid' },
  UNKNOWN_POOL: { status: 400, title: 'The pool is not known' },
  MULTIPLE_STATEMENTS: { status: 400, title: 'One statement at a time' },
  SETTING_NOT_SCOPED: {
    status: 400,
    title: 'A statement that changes the session cannot carry settings of its own',
  },
  BAD_CURSOR: { status: 400, title: 'The cursor is not one of ours' },
  FILE_NOT_USABLE: { status: 400, title: 'The file is not there, or not what the kind needs' },
  UNAUTHENTICATED: { status: 401, title: 'A valid token is needed' },
  FORBIDDEN: { status: 403, title: 'The role does not allow this' },
  FILE_FORBIDDEN: { status: 403, title: 'The file is outside of the allowed roots' },
  SETTING_DENIED: { status: 403, title: 'The server does not allow this setting' },
  HOST_NOT_ALLOWED: { status: 403, title: 'The Host or Origin is not allowed' },
  NOT_FOUND: { status: 404, title: 'There is no such resource' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'The path does not know this method' },
  NOT_ACCEPTABLE: { status: 406, title: 'No such representation' },
  REQUEST_TIMEOUT: { status: 408, title: 'The request took too long to arrive' },
  IDEMPOTENCY_CONFLICT: { status: 409, title: 'The idempotency key was used for another request' },
  JOB_ACTIVE: { status: 409, title: 'The job has not ended' },
  RESULT_NOT_READY: { status: 409, title: 'The job has no result' },
  SECRETS_GONE: { status: 409, title: 'The secrets of the job are gone' },
  SESSION_EXISTS: { status: 409, title: 'The session id is taken' },
  SESSION_PROTECTED: { status: 409, title: 'The default session cannot be deleted' },
  POOL_IN_USE: { status: 409, title: 'The pool has jobs that have not ended' },
  POOL_PROTECTED: { status: 409, title: 'The default pool cannot be deleted' },
  POOL_LIMIT: { status: 409, title: 'There are as many pools as there may be' },
  RESULT_GONE: { status: 410, title: 'The result was pruned' },
  SESSION_GONE: { status: 410, title: 'The session has ended' },
  BODY_TOO_LARGE: { status: 413, title: 'The body is too large' },
  URI_TOO_LONG: { status: 414, title: 'The URL is too long' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The content type is not supported' },
  QUEUE_FULL: { status: 429, title: 'Too many statements are waiting' },
  SESSION_LIMIT: { status: 429, title: 'Too many sessions' },
  HEADERS_TOO_LARGE: { status: 431, title: 'The headers are too large' },
  INTERNAL: { status: 500, title: 'Something went wrong on our side' },
  MEMORY_SHORT: { status: 503, title: 'There is no memory left for another driver' },
  DRIVER_UNAVAILABLE: { status: 503, title: 'The driver is not available' },
  SERVER_STOPPING: { status: 503, title: 'The server is stopping' },
  STORE_UNAVAILABLE: { status: 503, title: 'The store is not available' },
  STORAGE_FULL: { status: 507, title: 'There is no room for the file' },
  // How an accepted job ended.
  SQL_PARSE: { status: null, title: 'Spark could not parse the statement' },
  SQL_ANALYSIS: { status: null, title: 'Spark could not resolve the statement' },
  SQL_REFUSED: { status: null, title: 'The server refuses this kind of statement' },
  EXECUTION_FAILED: { status: null, title: 'The job failed while it ran' },
  PROGRAM_FAILED: { status: null, title: 'The code threw an exception' },
  PROGRAM_SYNTAX: { status: null, title: 'The code does not parse' },
  PROGRAM_EXITED: { status: null, title: 'The program ended with another exit code than 0' },
  PROGRAM_DIED: { status: null, title: 'The process of the program died' },
  PROGRAM_NOT_STARTED: { status: null, title: 'The program could not be started' },
  MAIN_NOT_FOUND: { status: null, title: 'There is no such class, or it has no main method' },
  RESULT_TOO_LARGE: { status: null, title: 'The result passed the storage limit' },
  RESULT_NOT_STORED: { status: null, title: 'The result could not be stored' },
  CANCELLED: { status: null, title: 'The job was cancelled' },
  TIMED_OUT: { status: null, title: 'The job ran longer than it may' },
  DRIVER_LOST: { status: null, title: 'The driver ended under the job' },
  SERVER_STOPPED: { status: null, title: 'The server stopped under the job' },
  SESSION_LOST: { status: null, title: 'The session of the job is gone' },
  SESSION_DELETED: { status: null, title: 'The session of the job was deleted' },
  DRIVER_START_FAILED: { status: null, title: 'The driver could not start' },
} as const satisfies Record<string, { status: number | null; title: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;
export type ProblemCode = {
  [C in ErrorCode]: (typeof ERROR_CODES)[C]['status'] extends number ? C : never;
}[ErrorCode];

/** One field that was wrong, and what it accepts. */
export interface FieldFault {
  readonly field: string;
  readonly message: string;
}

export interface ProblemOptions {
  readonly errors?: readonly FieldFault[];
  readonly retryAfterSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** The reason why a request was not accepted: becomes `application/problem+json`. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly errors: readonly FieldFault[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause });
    this.code = code;
    this.errors = options.errors ?? [];
    this.headers = {
      ...options.headers,
      ...(options.retryAfterSeconds === undefined
        ? {}
        : { 'retry-after': String(options.retryAfterSeconds) }),
    };
  }
}
