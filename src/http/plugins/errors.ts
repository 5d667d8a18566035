import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { ERROR_CODES, Problem } from '../../domain/errors.ts';
import { PROBLEM_TYPE, type ProblemView, problemType } from '../answers.ts';

/** The path alone: a query may carry what nobody else should read. */
export const pathOf = (url: string): string => url.split('?', 1)[0] ?? url;

export const problemView = (
  problem: Problem,
  instance: string,
  requestId: string,
): ProblemView => ({
  type: problemType(problem.code),
  title: ERROR_CODES[problem.code].title,
  status: ERROR_CODES[problem.code].status,
  detail: problem.message,
  instance,
  code: problem.code,
  errors: problem.errors.map((fault) => ({ ...fault })),
  requestId,
});

/** What Fastify itself refuses, in our own words. */
const FRAMEWORK: Readonly<Record<string, (error: FastifyError) => Problem>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () =>
    new Problem('BODY_TOO_LARGE', 'The body is larger than this server accepts.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () =>
    new Problem('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json.'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new Problem('BAD_JSON', 'The body does not have the length that its header says.'),
  FST_ERR_BAD_URL: () => new Problem('INVALID_REQUEST', 'The path is not a valid URL path.'),
  FST_ERR_MAX_PARAM_LENGTH: () => new Problem('NOT_FOUND', 'There is nothing under this path.'),
};

const byName = (error: Error): Problem | null => {
  // The store's own error class is out of reach here: http knows the core only.
  if (error.name === 'StoreUnavailableError') {
    return new Problem('STORE_UNAVAILABLE', 'The store cannot be read or written now.', {
      cause: error,
      retryAfterSeconds: 5,
    });
  }
  return null;
};

const toProblem = (error: unknown): Problem => {
  if (error instanceof Problem) return error;
  if (error instanceof Error) {
    const code = (error as FastifyError).code;
    const known = FRAMEWORK[code]?.(error as FastifyError) ?? byName(error);
    if (known !== null && known !== undefined) return known;
    // The client went away while its body was read.
    if (code === 'ECONNRESET') return new Problem('BAD_JSON', 'The body ended too early.');
  }
  return new Problem('INTERNAL', 'The log of the server says more under this requestId.', {
    cause: error,
  });
};

export const sendProblem = (
  request: FastifyRequest,
  reply: FastifyReply,
  problem: Problem,
): void => {
  const { status } = ERROR_CODES[problem.code];
  if (problem.code === 'INTERNAL' || problem.code === 'STORE_UNAVAILABLE') {
    request.log.error({ err: problem.cause ?? problem }, problem.code);
  } else if (status >= 500) {
    request.log.warn({ detail: problem.message }, problem.code);
  }
  reply
    .code(status)
    .headers(problem.headers)
    .type(PROBLEM_TYPE)
    .serializer(JSON.stringify)
    .send(problemView(problem, pathOf(request.url), request.id));
};

export const errorHandler = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void => {
  sendProblem(request, reply, toProblem(error));
};
