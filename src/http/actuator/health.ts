import { json, publicProblems } from '../answers.ts';
import type { Api } from '../api.ts';
import {
  componentsView,
  DOWN_EXAMPLE,
  HEALTH_EXAMPLE,
  healthSchema,
  readHealth,
} from '../health-view.ts';
import type { Services } from '../services.ts';

export const actuatorHealth = (app: Api, { health }: Services): void => {
  app.route({
    method: 'GET',
    url: '/health',
    config: { access: 'public', anyHost: true, quiet: true },
    schema: {
      operationId: 'actuator.health',
      tags: ['health'],
      summary: 'Every component',
      response: {
        200: json('All are up.', healthSchema, HEALTH_EXAMPLE),
        503: json('At least one is down.', healthSchema, DOWN_EXAMPLE),
        ...publicProblems(),
      },
    },
    handler: async (request, reply) => {
      const { status, components } = await readHealth(health);
      reply.code(status === 'UP' ? 200 : 503);
      if (request.caller === null) return reply.send({ status });
      return reply.send({ status, components: componentsView(components) });
    },
  });
};
