import { z } from 'zod';
import { Problem } from '../../../domain/errors.ts';
import { json, problems } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { listQuery } from '../../list-query.ts';
import { POOL_EXAMPLE, poolSchema, poolView } from '../../pool-view.ts';
import type { Services } from '../../services.ts';

export const listPools = (app: Api, { pools }: Services): void => {
  app.route({
    method: 'GET',
    url: '/pools',
    config: { access: 'viewer' },
    schema: {
      operationId: 'pools.list',
      tags: ['pools'],
      summary: 'The FAIR pools that work can run in',
      querystring: z.strictObject(listQuery),
      response: {
        200: json(
          'One page.',
          z.object({ items: z.array(poolSchema), nextCursor: z.string().nullable() }),
          { items: [POOL_EXAMPLE], nextCursor: null },
        ),
        ...problems('INVALID_REQUEST', 'BAD_CURSOR'),
      },
    },
    handler: async (request) => {
      const all = await pools.list();
      const { cursor, limit } = request.query;
      // Pools are few and have names: the last one that was shown is the cursor.
      const before = cursor === undefined ? -1 : all.findIndex(({ name }) => name === cursor);
      if (cursor !== undefined && before < 0) {
        throw new Problem('BAD_CURSOR', 'This cursor is not one of this list.');
      }
      const items = all.slice(before + 1, before + 1 + limit).map(poolView);
      const more = before + 1 + limit < all.length;
      return { items, nextCursor: more ? (items.at(-1)?.name ?? null) : null };
    },
  });
};
