import Fastify, { type FastifyError } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { registerActuator } from './actuator/index.ts';
import type { Api } from './api.ts';
import { registerDocs } from './docs.ts';
import { openApi } from './openapi.ts';
import { type HttpOptions, STREAM_LIMITS, type Surroundings } from './options.ts';
import { accessLog } from './plugins/access-log.ts';
import { anonymousAuth, tokenAuth } from './plugins/auth.ts';
import { bodyDeadline } from './plugins/body-deadline.ts';
import { bodyParsers } from './plugins/body-parsers.ts';
import { type ClientErrorHandler, clientErrors } from './plugins/client-errors.ts';
import { lettingGo } from './plugins/connections.ts';
import { errorHandler } from './plugins/errors.ts';
import { hostCheck } from './plugins/host-check.ts';
import { routeMethods, unknownRoutes } from './plugins/methods.ts';
import { requestContext, requestIdOf } from './plugins/request-context.ts';
import { RequestLog } from './plugins/request-log.ts';
import { securityHeaders } from './plugins/security-headers.ts';
import { serializerCompiler, validatorCompiler } from './plugins/validation.ts';
import type { Services } from './services.ts';
import { registerV1 } from './v1/index.ts';

/** Behind it wait long-polls and event streams: far above what one driver can be busy with. */
const MOST_CONNECTIONS = 10_000;
const KEEP_ALIVE_MS = 72_000;
/** Long enough for any id, so that a strange one is unknown and not a fault of the router. */
const LONGEST_ID = 500;

const createInstance = (options: HttpOptions, onClientError: ClientErrorHandler): Api =>
  Fastify({
    loggerInstance: options.logger,
    logController: new RequestLog(),
    bodyLimit: options.bodyLimitBytes,
    // Node would cut off an upload that is slow but steady.
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: {
      headersTimeout: Math.min(options.headersTimeoutMs, options.requestTimeoutMs),
      // Timeouts are looked at this often.
      connectionsCheckingInterval: Math.min(5000, options.headersTimeoutMs),
    },
    routerOptions: { maxParamLength: LONGEST_ID },
    genReqId: requestIdOf,
    // Requests that still come while the server closes are answered; the core refuses what is new.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    clientErrorHandler: onClientError,
    frameworkErrors: (error: FastifyError, request, reply) => {
      reply.header('x-request-id', request.id);
      errorHandler(error, request, reply);
    },
  }).withTypeProvider<ZodTypeProvider>();

/** A table of contents: what every request passes, in this order, and what there is to call. */
export const buildServer = (services: Services, options: HttpOptions): Api => {
  const methods = routeMethods();
  const { onClientError, onConnect } = clientErrors(methods.of, options.metrics, options.logger);
  const app = createInstance(options, onClientError);
  methods.learn(app);
  const closing = new AbortController();
  const around: Surroundings = {
    version: options.version,
    info: options.info ?? {},
    metrics: options.metrics,
    streams: { ...STREAM_LIMITS, ...options.streams },
    closing: closing.signal,
  };

  app.server.maxConnections = MOST_CONNECTIONS;
  app.server.on('connect', onConnect);
  app.addHook('preClose', (done) => {
    closing.abort();
    done();
  });

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(errorHandler);

  requestContext(app);
  securityHeaders(app);
  lettingGo(app, options.draining, closing.signal);
  accessLog(app, options.metrics);
  bodyDeadline(app, options.requestTimeoutMs);
  if (options.tokens.length > 0) {
    tokenAuth(app, options.tokens, options.now ?? Date.now);
  } else {
    anonymousAuth(app);
    hostCheck(app, options.allowedHosts);
  }
  unknownRoutes(app, methods.of);
  bodyParsers(app);

  openApi(app, options.version);
  const section = (prefix: string, register: (api: Api) => void): void => {
    app.register(
      (scope, _options, done) => {
        register(scope as Api);
        done();
      },
      { prefix },
    );
  };
  section('/api/v1', (api) => registerV1(api, services, around));
  section('/actuator', (api) => registerActuator(api, services, around));
  section('', registerDocs);
  return app;
};
