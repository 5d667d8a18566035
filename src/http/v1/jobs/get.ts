import { z } from 'zod';
import { json, problems } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import { duration } from '../../fields.ts';
import { hold, LONGEST_WAIT } from '../../hold.ts';
import { JOB_EXAMPLE, jobSchema, jobView } from '../../job-view.ts';
import type { Surroundings } from '../../options.ts';
import type { Services } from '../../services.ts';
import { checkedJobId, jobParams } from './job-id.ts';

export const getJob = (app: Api, { jobs }: Services, { closing }: Surroundings): void => {
  app.route({
    method: 'GET',
    url: '/jobs/:jobId',
    config: { access: 'viewer' },
    schema: {
      operationId: 'jobs.get',
      tags: ['jobs'],
      summary: 'One job, with its inline result',
      params: jobParams,
      querystring: z.strictObject({
        wait: duration('0s', LONGEST_WAIT)
          .prefault('0s')
          .describe('Hold until the job has ended or the time is over.'),
      }),
      response: {
        200: json('The job as it is now.', jobSchema, JOB_EXAMPLE),
        ...problems('INVALID_REQUEST', 'NOT_FOUND'),
      },
    },
    handler: async (request) => {
      const identity = callerOf(request);
      const id = checkedJobId(request.params.jobId);
      request.trail.jobId = id;
      const job = await jobs.get(identity, id);
      return jobView(await hold(jobs, identity, job, request.query.wait, closing));
    },
  });
};
