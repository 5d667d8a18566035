import { z } from 'zod';
import { json, problems } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import { name } from '../../fields.ts';
import { JOB_LIST_EXAMPLE, jobListSchema, jobListView } from '../../job-list.ts';
import { listQuery } from '../../list-query.ts';
import type { Services } from '../../services.ts';

export const listStatements = (app: Api, { jobs, sessions }: Services): void => {
  app.route({
    method: 'GET',
    url: '/sessions/:sessionId/statements',
    config: { access: 'viewer' },
    schema: {
      operationId: 'statements.list',
      tags: ['statements'],
      summary: "A session's jobs, newest first",
      params: z.strictObject({ sessionId: name() }),
      querystring: z.strictObject(listQuery),
      response: {
        200: json('One page.', jobListSchema, JOB_LIST_EXAMPLE),
        ...problems('INVALID_REQUEST', 'BAD_CURSOR', 'NOT_FOUND'),
      },
    },
    handler: async (request) => {
      const identity = callerOf(request);
      const { sessionId } = request.params;
      request.trail.sessionId = sessionId;
      const { limit, cursor = null } = request.query;
      const page = await jobs.list(identity, { sessionId }, limit, cursor);
      // Its jobs outlive a session: only one that left nothing behind may be unknown.
      if (page.items.length === 0 && cursor === null) await sessions.get(identity, sessionId);
      return jobListView(page);
    },
  });
};
