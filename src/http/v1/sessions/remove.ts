import { z } from 'zod';
import { nothing, problems } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import type { Services } from '../../services.ts';

export const removeSession = (app: Api, { sessions }: Services): void => {
  app.route({
    method: 'DELETE',
    url: '/sessions/:sessionId',
    config: { access: 'user' },
    schema: {
      operationId: 'sessions.remove',
      tags: ['sessions'],
      summary: 'End a session and cancel its jobs',
      params: z.strictObject({ sessionId: z.string() }),
      response: { 204: nothing('It has ended.'), ...problems('NOT_FOUND', 'SESSION_PROTECTED') },
    },
    handler: async (request, reply) => {
      const { sessionId } = request.params;
      request.trail.sessionId = sessionId;
      await sessions.remove(callerOf(request), sessionId);
      return reply.code(204).send();
    },
  });
};
