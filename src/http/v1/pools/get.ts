import { z } from 'zod';
import { json, problems } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { name } from '../../fields.ts';
import { POOL_EXAMPLE, poolSchema, poolView } from '../../pool-view.ts';
import type { Services } from '../../services.ts';

export const getPool = (app: Api, { pools }: Services): void => {
  app.route({
    method: 'GET',
    url: '/pools/:name',
    config: { access: 'viewer' },
    schema: {
      operationId: 'pools.get',
      tags: ['pools'],
      summary: 'One pool',
      params: z.strictObject({ name: name() }),
      response: {
        200: json('The pool.', poolSchema, POOL_EXAMPLE),
        ...problems('INVALID_REQUEST', 'NOT_FOUND'),
      },
    },
    handler: async (request) => poolView(await pools.get(request.params.name)),
  });
};
