import { z } from 'zod';
import { nothing, problems } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import { name } from '../../fields.ts';
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
      description:
        'A session with a driver of its own has ended when nothing of the driver is left. ' +
        'Jobs that resist their cancel end with the driver.',
      params: z.strictObject({ sessionId: name() }),
      response: {
        202: nothing('It is STOPPING: its jobs or its driver take a while.'),
        204: nothing('It has ended.'),
        ...problems('INVALID_REQUEST', 'NOT_FOUND', 'SESSION_PROTECTED'),
      },
    },
    handler: async (request, reply) => {
      const { sessionId } = request.params;
      request.trail.sessionId = sessionId;
      const { ended } = await sessions.remove(callerOf(request), sessionId);
      return reply.code(ended ? 204 : 202).send();
    },
  });
};
