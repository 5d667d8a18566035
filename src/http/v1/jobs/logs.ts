import { z } from 'zod';
import { problems, textual } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import { oneOf, queryNumber } from '../../fields.ts';
import type { Services } from '../../services.ts';
import { checkedJobId, jobParams } from './job-id.ts';

const MOST = 4 * 1024 * 1024;

export const getLogs = (app: Api, { jobs }: Services): void => {
  app.route({
    method: 'GET',
    url: '/jobs/:jobId/logs',
    config: { access: 'viewer' },
    schema: {
      operationId: 'jobs.logs',
      tags: ['jobs'],
      summary: 'What the job printed',
      params: jobParams,
      querystring: z.strictObject({
        stream: oneOf(['stdout', 'stderr']).default('stdout'),
        offset: queryNumber(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
          .prefault('0')
          .describe('Where to begin; a negative one counts from the end.'),
        limit: queryNumber(1, MOST).prefault('1048576').describe('How much at most.'),
      }),
      response: {
        200: textual(
          'The text.',
          { 'text/plain': 'Spark job 0 started\n' },
          {
            'Libra-Next-Offset': { type: 'string', description: 'Where to go on reading.' },
            'Libra-Log-Size': { type: 'string', description: 'How much there is by now.' },
          },
        ),
        ...problems('INVALID_REQUEST', 'NOT_FOUND'),
      },
    },
    handler: async (request, reply) => {
      const id = checkedJobId(request.params.jobId);
      request.trail.jobId = id;
      const { stream, offset, limit } = request.query;
      const log = await jobs.logs(callerOf(request), id, stream, offset, limit);
      return reply
        .type('text/plain; charset=utf-8')
        .header('libra-next-offset', log.nextOffset)
        .header('libra-log-size', log.size)
        .send(log.text);
    },
  });
};
