import { z } from 'zod';
import { json, publicProblems } from '../answers.ts';
import type { Api } from '../api.ts';
import { statusSchema } from '../health-view.ts';
import type { Services } from '../services.ts';

const schema = z.object({
  status: statusSchema,
  reason: z.string().optional().describe('Left out for callers without a token.'),
});

export const readiness = (app: Api, { health }: Services): void => {
  app.route({
    method: 'GET',
    url: '/health/readiness',
    config: { access: 'public', anyHost: true, quiet: true },
    schema: {
      operationId: 'actuator.readiness',
      tags: ['health'],
      summary: 'Statements would run now',
      response: {
        200: json('They would.', schema, { status: 'UP' }),
        503: json('Not yet, or no longer.', schema, {
          status: 'DOWN',
          reason: 'the driver is starting',
        }),
        ...publicProblems(),
      },
    },
    handler: async (request, reply) => {
      const { ready, reason } = await health.ready();
      if (ready) return reply.send({ status: 'UP' });
      const shown = request.caller === null || reason === null ? {} : { reason };
      return reply.code(503).send({ status: 'DOWN', ...shown });
    },
  });
};
