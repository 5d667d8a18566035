import { z } from 'zod';
import { json, publicProblems } from '../answers.ts';
import type { Api } from '../api.ts';

export const liveness = (app: Api): void => {
  app.route({
    method: 'GET',
    url: '/health/liveness',
    config: { access: 'public', anyHost: true, quiet: true },
    schema: {
      operationId: 'actuator.liveness',
      tags: ['health'],
      summary: 'The process answers',
      description: 'Neither disk nor Spark is asked: a restart would mend neither.',
      response: {
        200: json('It does.', z.object({ status: z.literal('UP') }), { status: 'UP' }),
        ...publicProblems(),
      },
    },
    handler: async () => ({ status: 'UP' as const }),
  });
};
