import { z } from 'zod';
import { bodyProblems, json } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import { accepts, idempotencyKey, settings } from '../../fields.ts';
import {
  idempotencyHeaders,
  idempotencyOf,
  markReplay,
  REPLAYED_HEADER,
} from '../../idempotency.ts';
import { jobSchema, jobView, RUNNING_EXAMPLE } from '../../job-view.ts';
import type { Services } from '../../services.ts';
import { checkedJobId, jobParams } from './job-id.ts';

const OPERATION = 'jobs.rerun';

export const rerunJob = (app: Api, { jobs }: Services): void => {
  app.route({
    method: 'POST',
    url: '/jobs/:jobId/rerun',
    config: { access: 'user' },
    schema: {
      operationId: OPERATION,
      tags: ['jobs'],
      summary: 'A new job with the same request',
      description:
        'Secret settings of an ended job are not kept: `SECRETS_GONE` asks for them in the body.',
      params: jobParams,
      headers: idempotencyHeaders,
      body: z
        .strictObject(
          { sparkConfig: settings().optional(), idempotencyKey: idempotencyKey().optional() },
          accepts('no body, or an object with sparkConfig'),
        )
        .nullish()
        .meta({
          'x-examples': {
            secrets: { value: { sparkConfig: { 'spark.hadoop.fs.s3a.secret.key': '…' } } },
          },
        }),
      response: {
        202: json('The new job.', jobSchema, RUNNING_EXAMPLE, {
          Location: { type: 'string', description: 'Where the new job is found.' },
          ...REPLAYED_HEADER,
        }),
        ...bodyProblems(
          'NOT_FOUND',
          'UNKNOWN_POOL',
          'SETTING_DENIED',
          'FILE_NOT_USABLE',
          'FILE_FORBIDDEN',
          'SECRETS_GONE',
          'IDEMPOTENCY_CONFLICT',
          'SESSION_GONE',
          'QUEUE_FULL',
          'SESSION_LIMIT',
          'MEMORY_SHORT',
          'DRIVER_UNAVAILABLE',
          'SERVER_STOPPING',
        ),
      },
    },
    handler: async (request, reply) => {
      const id = checkedJobId(request.params.jobId);
      const { sparkConfig = null, idempotencyKey: key } = request.body ?? {};
      const { job, replayed } = await jobs.rerun(
        callerOf(request),
        id,
        { sparkConfig },
        request.id,
        idempotencyOf(request, key, OPERATION, { jobId: id, sparkConfig }),
      );
      request.trail.jobId = job.id;
      markReplay(reply, replayed);
      return reply.code(202).header('location', `/api/v1/jobs/${job.id}`).send(jobView(job));
    },
  });
};
