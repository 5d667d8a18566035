import { z } from 'zod';
import { nothing, problems } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import { name } from '../../fields.ts';
import type { Services } from '../../services.ts';

export const removePool = (app: Api, { pools }: Services): void => {
  app.route({
    method: 'DELETE',
    url: '/pools/:name',
    config: { access: 'admin' },
    schema: {
      operationId: 'pools.remove',
      tags: ['pools'],
      summary: 'Delete a pool in which nothing runs or waits',
      description: 'One of fairscheduler.xml stays deleted until it is made again.',
      params: z.strictObject({ name: name() }),
      response: {
        204: nothing('It is gone.'),
        ...problems(
          'INVALID_REQUEST',
          'NOT_FOUND',
          'POOL_PROTECTED',
          'POOL_IN_USE',
          'SERVER_STOPPING',
        ),
      },
    },
    handler: async (request, reply) => {
      await pools.remove(callerOf(request), request.params.name);
      return reply.code(204).send();
    },
  });
};
