import type { ErrorCode } from './errors.ts';

/** What whoever meets a code can do about it, for `docs/errors.md`. */
export const ERROR_REMEDIES = {
  BAD_HTTP: 'Send HTTP/1.1 with a Host header, as every HTTP client does.',
  BAD_JSON: 'Send a JSON object; `detail` says where it breaks off.',
  INVALID_REQUEST: 'Mend the fields that `errors[]` names: each says what it accepts.',
  UNKNOWN_POOL: 'Take one of the pools that `detail` lists, or leave `pool` out.',
  MULTIPLE_STATEMENTS: 'Send each statement in a request of its own.',
  SETTING_NOT_SCOPED:
    'Leave `sparkConfig` out, or set the values with `SET` in the session beforehand.',
  BAD_CURSOR: 'Take `nextCursor` from the page before, or start again without a cursor.',
  FILE_NOT_USABLE: 'Check the path or the id; `detail` says what is wrong with the file.',
  UNAUTHENTICATED: 'Send `Authorization: Bearer` with a token that is known and has not expired.',
  FORBIDDEN: 'Ask an administrator for a token with the role that `detail` names.',
  FILE_FORBIDDEN:
    'Put the file into one of the roots that `detail` names (`libra.files.allowed-roots`), or upload it.',
  SETTING_DENIED:
    'Leave the setting out; `libra.spark-config.denied` is for whoever runs the server.',
  HOST_NOT_ALLOWED:
    'Call the server by a name of `libra.security.allowed-hosts`, or configure tokens.',
  NOT_FOUND: 'Check the id; what belongs to others is not shown either.',
  METHOD_NOT_ALLOWED: 'Use one of the methods in the `Allow` header.',
  NOT_ACCEPTABLE: 'Send an `Accept` header with a type that `detail` lists.',
  REQUEST_TIMEOUT:
    'Send headers and body at once; `server.headers-timeout` and `server.request-timeout` are the limits.',
  IDEMPOTENCY_CONFLICT: 'Use a new key for a new request.',
  JOB_ACTIVE: 'Cancel the job or wait for its end first.',
  RESULT_NOT_READY: 'Wait for `SUCCESS`; a job that ended otherwise has no result.',
  SECRETS_GONE: 'Supply the secret settings again in the body, as `sparkConfig`.',
  SESSION_EXISTS: 'Choose another id, or use the session that is there.',
  POOL_IN_USE: 'Wait for its jobs to end or cancel them; `GET /jobs?pool=…` lists them.',
  POOL_PROTECTED: 'Change `default` with PUT; pools of other names can be deleted.',
  POOL_LIMIT: 'Delete a pool that nobody needs.',
  SESSION_PROTECTED: 'Leave the `default` session; sessions of your own can be deleted.',
  RESULT_GONE: 'Run the statement again; `libra.history` says how long results are kept.',
  SESSION_GONE: 'Make the session again with `POST /api/v1/sessions`.',
  BODY_TOO_LARGE:
    'Send less, or have `server.body-limit` raised (`libra.files.max-bytes` for an upload).',
  URI_TOO_LONG: 'Put long filters into several requests.',
  UNSUPPORTED_MEDIA_TYPE: 'Send `Content-Type: application/json`.',
  QUEUE_FULL:
    'Try again after the seconds of `Retry-After`. `detail` says whose limit it was: `maxQueued` of the pool, or `libra.jobs.max-queued`.',
  SESSION_LIMIT: 'Delete sessions that are not needed, or try again after `Retry-After`.',
  HEADERS_TOO_LARGE: 'Send fewer or shorter headers.',
  INTERNAL: 'Report it with the `requestId`: the log of the server has the cause under it.',
  MEMORY_SHORT:
    'Ask for less memory, end sessions that are not needed, or try again after `Retry-After`.',
  DRIVER_UNAVAILABLE: 'Try again after `Retry-After`; the readiness check says when it is back.',
  SERVER_STOPPING: 'Try again after `Retry-After`, when the server has started again.',
  STORAGE_FULL:
    'Delete files that are not needed, or have `libra.files.max-total-bytes` or the disk made larger.',
  STORE_UNAVAILABLE: 'Look at the `store` component of `/actuator/health` and at the disk.',
  SQL_PARSE: 'Mend the statement at the line and column of `position`.',
  SQL_ANALYSIS: 'Mend the name or type that the message tells of; `hint` may hold a suggestion.',
  SQL_REFUSED: 'Do without it, or have the switch under `libra.sql` set that the message names.',
  EXECUTION_FAILED: "The message begins with the root cause; the job's log has the rest.",
  PROGRAM_FAILED: "The message holds the program's own trace; its log has what it printed.",
  PROGRAM_SYNTAX: 'Mend the code at the line and column of `position`.',
  PROGRAM_EXITED: "The program chose this exit code itself; the job's log has what it printed.",
  PROGRAM_DIED: "Look at the job's log; memory is the usual reason (`spark.driver.memory`).",
  PROGRAM_NOT_STARTED: "The message says what is missing; the server's log has more.",
  MAIN_NOT_FOUND: 'Name a class of the jar that has `public static void main(String[] args)`.',
  RESULT_TOO_LARGE:
    'Ask for less, write to a table, or send `onOverflow: TRUNCATE`; the limit is `libra.results.max-bytes`.',
  RESULT_NOT_STORED: 'Look at the disk of `libra.results.dir`, then run the job again.',
  CANCELLED: 'Nothing: somebody asked for it.',
  TIMED_OUT: 'Raise `maxRuntime`, or make the statement do less.',
  DRIVER_LOST: 'Run it again, or send `retry` with `LOST` so that this happens by itself.',
  SERVER_STOPPED: 'Run it again, or send `retry` with `LOST` so that this happens by itself.',
  SESSION_LOST: 'Make the state of the session again (views, settings), then run the job again.',
  SESSION_DELETED: 'Run it in another session.',
  DRIVER_START_FAILED: "The message names the setting or the reason; the server's log has more.",
} as const satisfies Record<ErrorCode, string>;
