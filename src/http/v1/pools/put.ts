import { z } from 'zod';
import { MIN_SHARE_LIMIT, QUOTA_LIMIT, SCHEDULING_MODES } from '../../../domain/pool.ts';
import { bodyProblems, json } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import { accepts, name, oneOf, weight, wholeNumber } from '../../fields.ts';
import { POOL_EXAMPLE, poolSchema, poolView } from '../../pool-view.ts';
import type { Services } from '../../services.ts';

const body = z
  .strictObject(
    {
      schedulingMode: oneOf(SCHEDULING_MODES).describe(
        'How jobs of the pool share its slots. FIFO: the older first.',
      ),
      weight: weight().describe('Its part of the slots, beside the weights of other busy pools.'),
      minShare: wholeNumber(0, MIN_SHARE_LIMIT).describe(
        'So many slots it gets first, before weights count.',
      ),
      maxRunning: wholeNumber(1, QUOTA_LIMIT)
        .nullish()
        .describe('How many jobs of it run at a time on this server; as many as fit if left out.'),
      maxQueued: wholeNumber(0, QUOTA_LIMIT)
        .nullish()
        .describe('How many jobs of it may wait; one more is 429. No own limit if left out.'),
    },
    accepts('an object with schedulingMode, weight and minShare'),
  )
  .meta({
    'x-examples': {
      quotas: {
        value: { schedulingMode: 'FAIR', weight: 0.5, minShare: 0, maxRunning: 10, maxQueued: 100 },
      },
    },
  });

export const putPool = (app: Api, { pools }: Services): void => {
  app.route({
    method: 'PUT',
    url: '/pools/:name',
    config: { access: 'admin' },
    schema: {
      operationId: 'pools.put',
      tags: ['pools'],
      summary: 'Make a pool, or change one',
      description:
        'The body is the whole definition. It is in force on the drivers that run when the answer ' +
        'comes: running work goes on under the new weight. It outlives the server, and wins over ' +
        'fairscheduler.xml.',
      params: z.strictObject({ name: name() }),
      body,
      response: {
        200: json('The pool, changed.', poolSchema, POOL_EXAMPLE),
        201: json('The pool, new.', poolSchema, POOL_EXAMPLE, {
          Location: { type: 'string', description: 'Where the pool is found.' },
        }),
        ...bodyProblems('POOL_LIMIT', 'SERVER_STOPPING'),
      },
    },
    handler: async (request, reply) => {
      const { maxRunning = null, maxQueued = null, ...fields } = request.body;
      const wanted = { name: request.params.name, ...fields, maxRunning, maxQueued };
      const { view, created } = await pools.put(callerOf(request), wanted);
      if (created) reply.header('location', `/api/v1/pools/${wanted.name}`);
      return reply.code(created ? 201 : 200).send(poolView(view));
    },
  });
};
