import { z } from 'zod';
import { json, problems } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import { name } from '../../fields.ts';
import type { Services } from '../../services.ts';
import { SESSION_EXAMPLE, sessionSchema, sessionView } from '../../session-view.ts';

export const getSession = (app: Api, { sessions }: Services): void => {
  app.route({
    method: 'GET',
    url: '/sessions/:sessionId',
    config: { access: 'viewer' },
    schema: {
      operationId: 'sessions.get',
      tags: ['sessions'],
      summary: 'One session; asking never makes one',
      description:
        'One that died by itself (its driver did not start, or was lost) is DEAD with the cause, ' +
        'as long as the history keeps it. One that was deleted, or was idle too long, is not there.',
      params: z.strictObject({ sessionId: name() }),
      response: {
        200: json('The session.', sessionSchema, SESSION_EXAMPLE),
        ...problems('INVALID_REQUEST', 'NOT_FOUND'),
      },
    },
    handler: async (request) => {
      const { sessionId } = request.params;
      request.trail.sessionId = sessionId;
      return sessionView(await sessions.get(callerOf(request), sessionId));
    },
  });
};
