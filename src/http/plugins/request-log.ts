import { type FastifyReply, type FastifyRequest, LogController } from 'fastify';

/** The access log has a line for each request already; what is left are answers that go wrong. */
export class RequestLog extends LogController {
  constructor() {
    super({ requestIdLogLabel: 'requestId' });
  }

  override incomingRequest(): void {}
  override requestCompleted(): void {}
  override routeNotFound(): void {}

  /** An answer that had begun: breaking the connection is all that could be done about it. */
  override streamError(error: Error, request: FastifyRequest, _reply: FastifyReply): void {
    const left = (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE';
    if (left) request.log.debug('the client left before the end');
    else request.log.warn({ err: error }, 'an answer broke off');
  }
}
