import type { FastifyRequest } from 'fastify';
import type { Metrics } from '../../observability/metrics.ts';
import type { Api } from '../api.ts';
import { pathOf } from './errors.ts';

/** The label of everything that is no operation of ours: unknown URLs make no new series. */
export const UNKNOWN_OPERATION = 'unknown';

const operationOf = (request: FastifyRequest): string =>
  (request.routeOptions.schema as { operationId?: string } | undefined)?.operationId ??
  request.routeOptions.config.operation ??
  UNKNOWN_OPERATION;

/** One line and one measurement a request. The query stays out of both, and so does every header. */
export const accessLog = (app: Api, metrics: Metrics): void => {
  app.addHook('onResponse', (request, reply, done) => {
    const operation = operationOf(request);
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    metrics.http.answered(operation, request.method, reply.statusCode, ms / 1000);
    const quiet = request.routeOptions.config.quiet === true && reply.statusCode < 500;
    request.log[quiet ? 'debug' : 'info'](
      {
        operation,
        method: request.method,
        path: pathOf(request.url),
        status: reply.statusCode,
        ms,
        caller: request.caller?.name ?? null,
        ...request.trail,
      },
      'request',
    );
    done();
  });
};
