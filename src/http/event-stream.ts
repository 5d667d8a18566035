import { PassThrough, type Readable } from 'node:stream';
import type { StreamLimits } from './options.ts';
import type { JobEvent, JobEventStream } from './services.ts';

/** What may wait for a client that reads slowly, beside what the socket holds. */
const BUFFER_BYTES = 256 * 1024;

const frame = ({ id, type, data }: JobEvent): string =>
  `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;

/** Resolves when there is room again; rejects when the client leaves it unread for too long. */
const room = (out: PassThrough, stallMs: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const settle = (error: Error | null): void => {
      clearTimeout(timer);
      out.off('drain', onDrain);
      out.off('close', onClose);
      error === null ? resolve() : reject(error);
    };
    const onDrain = (): void => settle(null);
    const onClose = (): void => settle(null);
    const timer = setTimeout(() => settle(new Error('an event stream was left unread')), stallMs);
    out.on('drain', onDrain);
    out.on('close', onClose);
  });

/**
 * Server-sent events: one frame an event, a comment when nothing happens. It ends after the last
 * event, when the client goes away, when the server closes, and when the client stops reading; in
 * the last two cases it can resume with `Last-Event-ID`.
 */
export const eventStream = (
  events: JobEventStream,
  limits: StreamLimits,
  closing: AbortSignal,
): Readable => {
  const out = new PassThrough({ highWaterMark: BUFFER_BYTES });
  const heartbeat = setInterval(() => {
    if (!out.writableNeedDrain) out.write(': still here\n\n');
  }, limits.heartbeatMs);
  const stop = (): void => {
    out.end();
    events.close();
  };
  closing.addEventListener('abort', stop, { once: true });
  out.once('close', () => {
    clearInterval(heartbeat);
    closing.removeEventListener('abort', stop);
    events.close();
  });

  const pump = async (): Promise<void> => {
    // Sends the headers, so that the client knows that it listens.
    out.write('retry: 1000\n\n');
    for await (const event of events) {
      if (out.writableEnded || out.destroyed) return;
      if (!out.write(frame(event))) await room(out, limits.stallMs);
    }
    out.end();
  };
  pump().catch((error: unknown) => out.destroy(error as Error));
  if (closing.aborted) stop();
  return out;
};
