import type { FastifyBaseLogger } from 'fastify';
import type { Role } from '../domain/identity.ts';
import type { Metrics } from '../observability/metrics.ts';

/** A bearer token as the configuration knows it: never the token itself. */
export interface AccessToken {
  readonly name: string;
  /** SHA-256 of the token, in hex. */
  readonly sha256: string;
  readonly roles: readonly Role[];
  /** RFC 3339; null: never. */
  readonly expiresAt: string | null;
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
  /** Aborted when the server begins to stop: connections and event streams are closed from then on. */
  readonly stopping: AbortSignal;
  /** Facts for `/actuator/info`, beside the version. */
  readonly info: Readonly<Record<string, unknown>>;
  readonly clock: () => number;
  /** How often an idle event stream gets a comment. */
  readonly heartbeatMs: number;
}
