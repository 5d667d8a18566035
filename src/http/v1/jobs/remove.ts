import { nothing, problems } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import type { Services } from '../../services.ts';
import { checkedJobId, jobParams } from './job-id.ts';

export const removeJob = (app: Api, { jobs }: Services): void => {
  app.route({
    method: 'DELETE',
    url: '/jobs/:jobId',
    config: { access: 'user' },
    schema: {
      operationId: 'jobs.remove',
      tags: ['jobs'],
      summary: 'Remove an ended job with its result and logs',
      params: jobParams,
      response: { 204: nothing('It is gone.'), ...problems('NOT_FOUND', 'JOB_ACTIVE') },
    },
    handler: async (request, reply) => {
      const id = checkedJobId(request.params.jobId);
      request.trail.jobId = id;
      await jobs.remove(callerOf(request), id);
      return reply.code(204).send();
    },
  });
};
