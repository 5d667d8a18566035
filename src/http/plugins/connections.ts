import type { Socket } from 'node:net';
import type { Api } from '../api.ts';

/**
 * From the moment the server drains no connection is kept alive, so that its end waits for
 * answers and never for idle clients.
 */
export const lettingGo = (app: Api, draining: AbortSignal, closing: AbortSignal): void => {
  // Node takes a connection on which nothing was asked yet for a busy one.
  const unused = new Set<Socket>();
  app.server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  closing.addEventListener('abort', () => {
    for (const socket of unused) socket.destroy();
  });
  app.addHook('onRequest', (request, reply, done) => {
    unused.delete(request.raw.socket);
    // A download had sent its headers before: its connection is let go when it is through.
    reply.raw.once('close', () => {
      if (closing.aborted) setImmediate(() => app.server.closeIdleConnections());
    });
    done();
  });
  // Late: a call that held may have come long before.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (draining.aborted || closing.aborted) reply.header('connection', 'close');
    done(null, payload);
  });
};
