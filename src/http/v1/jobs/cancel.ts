import { z } from 'zod';
import { bodyProblems, json } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import { accepts } from '../../fields.ts';
import { JOB_EXAMPLE, jobSchema, jobView, RUNNING_EXAMPLE } from '../../job-view.ts';
import type { Services } from '../../services.ts';
import { checkedJobId, jobParams } from './job-id.ts';

export const cancelJob = (app: Api, { jobs }: Services): void => {
  app.route({
    method: 'POST',
    url: '/jobs/:jobId/cancel',
    config: { access: 'user' },
    schema: {
      operationId: 'jobs.cancel',
      tags: ['jobs'],
      summary: 'Ask for the end of a job',
      description: 'It becomes `CANCELLED` only when its work has really stopped.',
      params: jobParams,
      body: z.strictObject({}, accepts('no body, or an empty object')).nullish(),
      response: {
        200: json('The job had ended; nothing has changed.', jobSchema, JOB_EXAMPLE),
        202: json('The end is on its way.', jobSchema, RUNNING_EXAMPLE, {
          Location: { type: 'string', description: 'Where the end shows.' },
        }),
        ...bodyProblems('NOT_FOUND'),
      },
    },
    handler: async (request, reply) => {
      const identity = callerOf(request);
      const id = checkedJobId(request.params.jobId);
      request.trail.jobId = id;
      const { job, accepted } = await jobs.cancel(identity, id, `asked for by ${identity.name}`);
      if (!accepted) return reply.code(200).send(jobView(job));
      return reply.code(202).header('location', `/api/v1/jobs/${job.id}`).send(jobView(job));
    },
  });
};
