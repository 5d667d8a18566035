import { z } from 'zod';
import { json, problems } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import type { Services } from '../../services.ts';
import { SESSION_EXAMPLE, sessionSchema, sessionView } from '../../session-view.ts';

export const listSessions = (app: Api, { sessions }: Services): void => {
  app.route({
    method: 'GET',
    url: '/sessions',
    config: { access: 'viewer' },
    schema: {
      operationId: 'sessions.list',
      tags: ['sessions'],
      summary: 'The sessions that live',
      querystring: z.strictObject({}),
      response: {
        200: json('All of them.', z.array(sessionSchema), [SESSION_EXAMPLE]),
        ...problems('INVALID_REQUEST'),
      },
    },
    handler: async (request) => (await sessions.list(callerOf(request))).map(sessionView),
  });
};
