import { randomUUID } from 'node:crypto';
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyBaseLogger } from 'fastify';
import { ERROR_CODES, Problem } from '../../domain/errors.ts';
import type { Metrics } from '../../observability/metrics.ts';
import { PROBLEM_TYPE } from '../answers.ts';
import { UNKNOWN_OPERATION } from './access-log.ts';
import { pathOf, problemView } from './errors.ts';
import { type MethodsOf, methodNotAllowed } from './methods.ts';

interface ClientError extends Error {
  readonly code?: string;
  readonly rawPacket?: unknown;
}

export type ClientErrorHandler = (error: ClientError, socket: Duplex) => void;

/** Node reads at most 16 KiB of request line and headers. */
const LONG_LINE = 8 * 1024;

const toProblem = (error: ClientError, methodsOf: MethodsOf): Problem => {
  const packet = Buffer.isBuffer(error.rawPacket) ? error.rawPacket.toString('latin1') : '';
  const requestLine = packet.split('\r\n', 1)[0] ?? '';
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem('REQUEST_TIMEOUT', 'The request did not arrive in time.');
    case 'HPE_HEADER_OVERFLOW':
      return requestLine.length > LONG_LINE && /^[A-Z]+ \//.test(requestLine)
        ? new Problem('URI_TOO_LONG', 'The URL is longer than this server accepts.')
        : new Problem('HEADERS_TOO_LARGE', 'The headers are larger than this server accepts.');
    case 'HPE_INVALID_METHOD': {
      const [, method, url] = /^([A-Za-z-]{1,32}) (\/\S*) HTTP\//.exec(requestLine) ?? [];
      const allowed = url === undefined ? [] : methodsOf(pathOf(url));
      if (method !== undefined && allowed.length > 0) return methodNotAllowed(method, allowed);
      return new Problem('BAD_HTTP', 'The method is not one of HTTP.');
    }
    default:
      return new Problem('BAD_HTTP', 'The request is not valid HTTP.');
  }
};

/**
 * What never becomes a request: Node's parser or its clock refuses it, and no hook runs. The
 * answer is written by hand, with the same body as every other problem.
 */
export const clientErrors = (methodsOf: MethodsOf, metrics: Metrics, logger: FastifyBaseLogger) => {
  const refuse = (socket: Duplex, problem: Problem, cause: string): void => {
    const { status } = ERROR_CODES[problem.code];
    const requestId = randomUUID();
    const body = JSON.stringify(problemView(problem, '', requestId));
    const headers = {
      ...problem.headers,
      'content-type': PROBLEM_TYPE,
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': requestId,
      connection: 'close',
    };
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`);
    metrics.http.answered(UNKNOWN_OPERATION, 'OTHER', status, 0);
    logger.info({ requestId, operation: UNKNOWN_OPERATION, status, cause }, 'request');
  };
  return {
    onClientError: (error: ClientError, socket: Duplex): void => {
      if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
      else refuse(socket, toProblem(error, methodsOf), error.code ?? error.name);
    },
    /** CONNECT never reaches the router: Node hands its socket over instead. */
    onConnect: ({ url = '' }: IncomingMessage, socket: Duplex): void => {
      const allowed = methodsOf(pathOf(url));
      const problem =
        allowed.length === 0
          ? new Problem('BAD_HTTP', 'This server is no proxy.')
          : methodNotAllowed('CONNECT', allowed);
      refuse(socket, problem, 'CONNECT');
    },
  };
};
