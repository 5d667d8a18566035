import type { FastifyRequest } from 'fastify';
import type { Api } from '../api.ts';

/**
 * How long a body may take to arrive. Node's own limit holds for every request alike; an upload is
 * given time as long as something of it keeps arriving. Headers remain in Node's hands.
 */
export const bodyDeadline = (app: Api, limitMs: number): void => {
  if (limitMs === 0) return;
  app.addHook('onRequest', (request, _reply, done) => {
    if (hasBody(request)) watch(app, request, limitMs);
    done();
  });
};

const hasBody = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

const watch = (app: Api, { raw, routeOptions }: FastifyRequest, limitMs: number): void => {
  const { socket } = raw;
  const steady = routeOptions.config.upload === true;
  let seen = socket.bytesRead;
  const judge = (): void => {
    const over = raw.complete || socket.destroyed;
    const moved = socket.bytesRead > seen;
    seen = socket.bytesRead;
    if (!over && steady && moved) return;
    clearInterval(timer);
    if (!over) app.server.emit('clientError', timedOut(), socket);
  };
  // What came while the event loop was busy is read before the verdict.
  const timer = setInterval(() => setImmediate(judge), limitMs);
  timer.unref();
  raw.once('close', () => clearInterval(timer));
};

/** As Node says it: the handler of such errors answers 408. */
const timedOut = (): Error =>
  Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
