import { pino } from 'pino';
import { createMetrics } from '../observability/metrics.ts';
import { buildServer } from './server.ts';
import type { Services } from './services.ts';

/** The OpenAPI document, from the same schemas that validate; nothing is served for it. */
export const describeApi = async (version: string): Promise<unknown> => {
  // Operations only register here: none is called, so there is nothing behind them.
  const nothing = {} as Services;
  const app = buildServer(nothing, {
    version,
    logger: pino({ level: 'silent' }),
    metrics: createMetrics(version),
    tokens: [],
    allowedHosts: [],
    bodyLimitBytes: 1024 * 1024,
    headersTimeoutMs: 10_000,
    requestTimeoutMs: 60_000,
    draining: new AbortController().signal,
  });
  await app.ready();
  const document = app.swagger();
  await app.close();
  return document;
};
