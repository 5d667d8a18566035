import type { Api } from '../api.ts';

/**
 * From the moment the server drains no connection is kept alive, so that its end waits for
 * answers and never for idle clients.
 */
export const lettingGo = (app: Api, draining: AbortSignal, closing: AbortSignal): void => {
  // Late: a call that held may have come long before.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (draining.aborted || closing.aborted) reply.header('connection', 'close');
    done(null, payload);
  });
  // A download had sent its headers before: its connection is let go when it is through.
  app.addHook('onResponse', (_request, _reply, done) => {
    if (closing.aborted) setImmediate(() => app.server.closeIdleConnections());
    done();
  });
};
