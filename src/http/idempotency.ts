import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { invalidRequest } from './faults.ts';
import { accepts, idempotencyKey } from './fields.ts';
import type { Idempotency } from './services.ts';

export const idempotencyHeaders = z.object({
  'idempotency-key': idempotencyKey()
    .optional()
    .describe('The same key from the same owner answers with the same resource.'),
});

export const REPLAYED = 'idempotent-replayed';
export const REPLAYED_HEADER = {
  'Idempotent-Replayed': {
    type: 'string',
    description: '`true` when the key was known and nothing new was made.',
  },
};

/** The key stands in the body or in the header; a body that disagrees with its header is refused. */
export const idempotencyOf = (
  request: FastifyRequest,
  inBody: string | undefined,
  operation: string,
  body: unknown,
): Idempotency | null => {
  const header = request.headers['idempotency-key'];
  const inHeader = typeof header === 'string' ? header : undefined;
  if (inBody !== undefined && inHeader !== undefined && inBody !== inHeader) {
    throw invalidRequest([
      {
        field: 'idempotencyKey',
        message: accepts('the same key as the Idempotency-Key header, or one of the two').error({
          input: inBody,
        }),
      },
    ]);
  }
  const key = inBody ?? inHeader;
  return key === undefined ? null : { key, operation, body };
};

export const markReplay = (reply: FastifyReply, replayed: boolean): void => {
  if (replayed) reply.header(REPLAYED, 'true');
};
