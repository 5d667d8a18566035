import { z } from 'zod';
import { isTerminal } from '../../../domain/job.ts';
import { bodyProblems, json } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import { name } from '../../fields.ts';
import { hold } from '../../hold.ts';
import {
  idempotencyHeaders,
  idempotencyOf,
  markReplay,
  REPLAYED_HEADER,
} from '../../idempotency.ts';
import { JOB_EXAMPLE, jobSchema, jobView, RUNNING_EXAMPLE } from '../../job-view.ts';
import type { Surroundings } from '../../options.ts';
import type { Services } from '../../services.ts';
import { statementSchema, toJobRequest } from './request.ts';

/** How long an answer waits for a job that `onTimeout: CANCEL` has just cancelled. */
const CANCEL_GRACE_MS = 2000;

const OPERATION = 'statements.create';

export const createStatement = (app: Api, { jobs }: Services, { closing }: Surroundings): void => {
  app.route({
    method: 'POST',
    url: '/sessions/:sessionId/statements',
    config: { access: 'user' },
    schema: {
      operationId: OPERATION,
      tags: ['statements'],
      summary: 'Run a statement',
      description:
        'Holds until the job has ended or `wait` is over. A client that goes away cancels nothing. ' +
        'A statement that was accepted and then failed is 200 with `state: FAILED`. ' +
        'The body may come without a content type, or with the form type that curl sends.',
      params: z.strictObject({
        sessionId: name().describe('`default`, or another session, made at first use.'),
      }),
      headers: idempotencyHeaders,
      body: statementSchema,
      response: {
        200: json('The job has ended.', jobSchema, JOB_EXAMPLE, REPLAYED_HEADER),
        202: json('The job is still going.', jobSchema, RUNNING_EXAMPLE, {
          Location: { type: 'string', description: 'Where the job is found.' },
          ...REPLAYED_HEADER,
        }),
        ...bodyProblems(
          'UNKNOWN_POOL',
          'MULTIPLE_STATEMENTS',
          'SETTING_NOT_SCOPED',
          'SETTING_DENIED',
          'FILE_NOT_USABLE',
          'FILE_FORBIDDEN',
          'NOT_FOUND',
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
      const identity = callerOf(request);
      const { sessionId } = request.params;
      const { idempotencyKey, wait, onTimeout, ...body } = request.body;
      const { rowLimit: _shown, ...hashed } = body;
      const submitted = await jobs.submit({
        identity,
        sessionId,
        request: toJobRequest(request.body),
        requestId: request.id,
        idempotency: idempotencyOf(request, idempotencyKey, OPERATION, { sessionId, ...hashed }),
      });
      request.trail.jobId = submitted.job.id;
      request.trail.sessionId = sessionId;
      markReplay(reply, submitted.replayed);

      let job = await hold(jobs, identity, submitted.job, wait, closing);
      if (onTimeout === 'CANCEL' && !isTerminal(job.state) && !closing.aborted) {
        const cancelled = await jobs.cancel(identity, job.id, 'wait ended with onTimeout CANCEL');
        job = await hold(jobs, identity, cancelled.job, CANCEL_GRACE_MS, closing);
      }
      if (isTerminal(job.state)) return reply.code(200).send(jobView(job));
      return reply.code(202).header('location', `/api/v1/jobs/${job.id}`).send(jobView(job));
    },
  });
};
