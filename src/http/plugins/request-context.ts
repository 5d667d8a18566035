import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Api } from '../api.ts';

const SANE = /^[\w.:-]{1,128}$/;

/** The caller's own id when it is fit for a log, otherwise a new one. */
export const requestIdOf = (request: IncomingMessage): string => {
  const sent = request.headers['x-request-id'];
  return typeof sent === 'string' && SANE.test(sent) ? sent : randomUUID();
};

/** An id on every answer, and a place for what the access log shall know. */
export const requestContext = (app: Api): void => {
  app.decorateRequest('caller', null);
  // Fastify wants the shape declared; each request gets an object of its own below.
  app.decorateRequest('trail');
  app.addHook('onRequest', (request, reply, done) => {
    request.trail = {};
    reply.header('x-request-id', request.id);
    done();
  });
};
