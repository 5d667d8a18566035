export type { HttpOptions } from './http/options.ts';
/** A Fastify instance over the use cases that does not listen yet. */
export { buildServer as buildApp } from './http/server.ts';
