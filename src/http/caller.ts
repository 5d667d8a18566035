import type { FastifyRequest } from 'fastify';
import { Problem } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';

/** Who calls an operation that is not public; the auth plugin let nobody else through. */
export const callerOf = (request: FastifyRequest): Identity => {
  if (request.caller === null) throw new Problem('UNAUTHENTICATED', 'A bearer token is needed.');
  return request.caller;
};
