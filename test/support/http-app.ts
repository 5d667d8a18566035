import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { buildApp, type HttpOptions } from '../../src/app.ts';
import type { Services } from '../../src/http/services.ts';
import { createMetrics } from '../../src/observability/metrics.ts';

export interface TestApp {
  readonly app: ReturnType<typeof buildApp>;
  readonly lines: Record<string, unknown>[];
  readonly log: () => string;
  /** What was answered against the declared schemas; empty when every answer fits. */
  readonly contractFaults: string[];
}

type Declared = Record<string, { content?: Record<string, { schema: unknown }> } | z.ZodType>;

/** Nothing more than what is declared, unless more is declared as well. */
const closed = (schema: z.ZodType): z.ZodType => {
  if (schema instanceof z.ZodArray) return z.array(closed(schema.element as z.ZodType));
  if (!(schema instanceof z.ZodObject) || schema.def.catchall !== undefined) return schema;
  return z.strictObject(schema.shape);
};

/** A problem and a JSON answer have to be what the route declares for this status and type. */
const faultOf = (
  declared: Declared,
  status: number,
  type: string,
  payload: unknown,
): string | null => {
  const answer = declared[String(status)];
  if (answer === undefined) return `status ${status} is not declared`;
  if (answer instanceof z.ZodType) return payload == null ? null : 'a body where none is declared';
  const media = answer.content?.[type];
  if (media === undefined) return `${type} is not declared for ${status}`;
  if (typeof payload !== 'string' || !type.includes('json')) return null;
  // A stream of ours is bytes already, declared as text.
  if (media.schema instanceof z.ZodString || !(media.schema instanceof z.ZodType)) return null;
  const checked = closed(media.schema).safeParse(JSON.parse(payload));
  return checked.success ? null : z.prettifyError(checked.error);
};

export const testApp = (services: Services, options: Partial<HttpOptions> = {}): TestApp => {
  const lines: Record<string, unknown>[] = [];
  const raw: string[] = [];
  const stream = {
    write: (line: string): void => {
      raw.push(line);
      lines.push(JSON.parse(line) as Record<string, unknown>);
    },
  };
  const app = buildApp(services, {
    version: '1.2.3',
    logger: pino({ level: 'debug' }, stream),
    metrics: createMetrics('1.2.3'),
    tokens: [],
    allowedHosts: [],
    bodyLimitBytes: 64 * 1024,
    headersTimeoutMs: 10_000,
    requestTimeoutMs: 60_000,
    draining: new AbortController().signal,
    ...options,
  });
  onTestFinished(() => app.close());
  const contractFaults: string[] = [];
  app.addHook('onSend', async (request, reply, payload) => {
    const declared = request.routeOptions.schema?.response as Declared | undefined;
    if (declared === undefined || request.method === 'HEAD') return;
    const type = String(reply.getHeader('content-type') ?? '').split(';')[0] ?? '';
    const fault = faultOf(declared, reply.statusCode, type, payload);
    if (fault !== null) contractFaults.push(`${request.method} ${request.url}: ${fault}`);
  });
  return { app, lines, log: () => raw.join(''), contractFaults };
};

/** Listens on a free loopback port; for what only a real socket shows. */
export const listening = async (
  app: TestApp['app'],
): Promise<{ readonly port: number; readonly url: string }> => {
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}` };
};

/** Sends raw bytes and reads until the server hangs up. */
export const rawExchange = async (port: number, text: string): Promise<string> => {
  const socket: Socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(text);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('utf8');
};
