import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Identity, Role } from '../domain/identity.ts';

/** The role that an operation needs; `public` ones answer anybody. */
export type Access = 'public' | Role;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Undeclared means `admin`. */
    access?: Access;
    /** The name of a route that is no part of the documented interface. */
    operation?: string;
    /** Reachable under any Host: probes come by address. */
    anyHost?: boolean;
    /** Probes and scrapes: their access log lines are for debugging only. */
    quiet?: boolean;
    /** The body is a file: it may take its time as long as something of it arrives. */
    upload?: boolean;
  }
  interface FastifyRequest {
    /** Null on a public operation that was called without a valid token. */
    caller: Identity | null;
    /** What the request was about, for its access log line. */
    trail: { jobId?: string; sessionId?: string };
  }
}

/** The instance that operations register on: schemas are zod. */
export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;
