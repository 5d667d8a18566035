import type { FastifyBaseLogger } from 'fastify';
import type { Role } from '../domain/identity.ts';
import type { Metrics } from '../observability/metrics.ts';

/** A bearer token as the configuration knows it: never the token itself. */
export interface AccessToken {
  readonly name: string;
  /** SHA-256 of the token, in hex. */
  readonly sha256: string;
  readonly roles: readonly Role[];
  /** Epoch milliseconds; null for a token without an end. */
  readonly expiresAt: number | null;
}

export interface HttpOptions {
  readonly version: string;
  readonly logger: FastifyBaseLogger;
  readonly metrics: Metrics;
  /** No tokens: every caller is `anonymous` with every role, and Host and Origin are checked. */
  readonly tokens: readonly AccessToken[];
  /** Names, with or without port, under which anonymous callers may reach the server. */
  readonly allowedHosts: readonly string[];
  readonly bodyLimitBytes: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Aborted when the server begins to drain: connections are not kept alive from then on. */
  readonly draining: AbortSignal;
  /** Facts for `/actuator/info`, beside the version. */
  readonly info?: Readonly<Record<string, unknown>>;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly streams?: Partial<StreamLimits>;
}

export interface StreamLimits {
  /** How often an idle event stream gets a comment. */
  readonly heartbeatMs: number;
  /** How long a client may leave an event stream unread before it is cut off. */
  readonly stallMs: number;
}

/** What operations need beside the use cases. */
export interface Surroundings {
  readonly version: string;
  readonly info: Readonly<Record<string, unknown>>;
  readonly metrics: Metrics;
  readonly streams: StreamLimits;
  /** Aborted when the server closes: calls that hold are answered, event streams end. */
  readonly closing: AbortSignal;
}

export const STREAM_LIMITS: StreamLimits = { heartbeatMs: 15_000, stallMs: 30_000 };
