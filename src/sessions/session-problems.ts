import { Problem } from '../domain/errors.ts';
import { NAME_RULE } from '../domain/ids.ts';

const RETRY_AFTER_SECONDS = 5;
/** The cause of an end may hold lines of a log. */
const MOST_CAUSE = 500;

export const badName = (): Problem =>
  new Problem('INVALID_REQUEST', 'The session id is not valid.', {
    errors: [{ field: 'sessionId', message: `accepts ${NAME_RULE}` }],
  });

export const noSession = (id: string): Problem =>
  new Problem('NOT_FOUND', `There is no session "${id}".`);

export const taken = (id: string): Problem =>
  new Problem('SESSION_EXISTS', `The session id "${id}" is taken.`);

export const gone = (id: string, cause: string | null): Problem => {
  const why = cause === null ? '' : ` (${cause.slice(0, MOST_CAUSE)})`;
  return new Problem(
    'SESSION_GONE',
    `The session "${id}" has ended${why}; make it again with POST.`,
  );
};

export const tooMany = (most: number): Problem =>
  new Problem(
    'SESSION_LIMIT',
    `There are ${most} sessions already: delete one, or wait for one to end.`,
    { retryAfterSeconds: RETRY_AFTER_SECONDS },
  );

export const lostWhileOpening = (cause: unknown): Problem =>
  new Problem('DRIVER_UNAVAILABLE', 'The driver ended while it opened the session.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause,
  });
