import { z } from 'zod';
import { json, problems } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
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
      params: z.strictObject({ sessionId: z.string() }),
      response: {
        200: json('The session.', sessionSchema, SESSION_EXAMPLE),
        ...problems('NOT_FOUND'),
      },
    },
    handler: async (request) => {
      const { sessionId } = request.params;
      request.trail.sessionId = sessionId;
      return sessionView(await sessions.get(callerOf(request), sessionId));
    },
  });
};
