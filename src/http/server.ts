import { randomUUID } from 'node:crypto';
import Fastify from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { ANONYMOUS, ROLES } from '../domain/identity.ts';
import type { Api } from './api.ts';
import type { HttpOptions } from './options.ts';
import { errorHandler } from './plugins/errors.ts';
import { serializerCompiler, validatorCompiler } from './plugins/validation.ts';
import type { Services } from './services.ts';
import { registerJobs } from './v1/jobs/index.ts';
import { registerStatements } from './v1/statements/index.ts';

export const buildServer = (services: Services, options: HttpOptions): Api => {
  const app = Fastify({
    loggerInstance: options.logger,
    disableRequestLogging: true,
    bodyLimit: options.bodyLimitBytes,
    genReqId: () => randomUUID(),
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(errorHandler);
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request) => {
    request.caller = { name: ANONYMOUS, roles: ROLES };
    request.trail = {};
  });
  app.register(
    (v1: Api, _options, done) => {
      registerStatements(v1, services, options.stopping);
      registerJobs(v1, services, options.stopping);
      done();
    },
    { prefix: '/api/v1' },
  );
  return app;
};
