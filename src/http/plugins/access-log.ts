import type { FastifyReply, FastifyRequest } from 'fastify';
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
  const report = (request: FastifyRequest, reply: FastifyReply): void => {
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
        ...(reply.raw.writableFinished ? {} : { brokenOff: true }),
      },
      'request',
    );
  };
  // Fastify's own hook stays silent when the client leaves or an answer breaks off.
  app.addHook('onRequest', (request, reply, done) => {
    let reported = false;
    const once = (): void => {
      if (!reported) report(request, reply);
      reported = true;
    };
    reply.raw.once('finish', once);
    reply.raw.once('close', once);
    done();
  });
};
