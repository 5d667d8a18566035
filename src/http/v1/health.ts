import { z } from 'zod';
import { json, publicProblems } from '../answers.ts';
import type { Api } from '../api.ts';
import { readHealth, statusSchema } from '../health-view.ts';
import type { Surroundings } from '../options.ts';
import type { Services } from '../services.ts';

const schema = z.object({
  status: statusSchema,
  activeSessions: z.int().optional().describe('Left out for callers without a token.'),
  version: z.string().optional().describe('Left out for callers without a token.'),
});

export const getHealth = (app: Api, { health }: Services, { version }: Surroundings): void => {
  app.route({
    method: 'GET',
    url: '/health',
    config: { access: 'public', anyHost: true, quiet: true },
    schema: {
      operationId: 'health.get',
      tags: ['health'],
      summary: 'Whether the server works, in short',
      response: {
        200: json('It does.', schema, { status: 'UP', activeSessions: 2, version: '0.1.0' }),
        503: json('A component is down.', schema, { status: 'DOWN' }),
        ...publicProblems(),
      },
    },
    handler: async (request, reply) => {
      const { status } = await readHealth(health);
      reply.code(status === 'UP' ? 200 : 503);
      if (request.caller === null) return reply.send({ status });
      return reply.send({ status, activeSessions: await health.activeSessions(), version });
    },
  });
};
