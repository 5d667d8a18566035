import { Readable } from 'node:stream';
import { z } from 'zod';
import { nothing, problems, textual } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import { eventStream } from '../../event-stream.ts';
import { queryNumber } from '../../fields.ts';
import type { Surroundings } from '../../options.ts';
import type { Services } from '../../services.ts';
import { checkedJobId, jobParams } from './job-id.ts';

const EXAMPLE = `id: 1
event: state
data: {"state":"RUNNING"}

id: 2
event: progress
data: {"progress":0.5}

`;

export const getEvents = (app: Api, { jobs }: Services, around: Surroundings): void => {
  app.route({
    method: 'GET',
    url: '/jobs/:jobId/events',
    config: { access: 'viewer' },
    schema: {
      operationId: 'jobs.events',
      tags: ['jobs'],
      summary: "The job's story, live",
      description: 'Server-sent events `state`, `progress`, `log` and `end`; ids count per job.',
      params: jobParams,
      headers: z.object({
        'last-event-id': queryNumber(0, Number.MAX_SAFE_INTEGER)
          .optional()
          .describe('Go on after this event.'),
      }),
      response: {
        200: textual('The events that follow, until `end`.', { 'text/event-stream': EXAMPLE }),
        204: nothing('The stream had ended: do not connect again.'),
        ...problems('INVALID_REQUEST', 'NOT_FOUND'),
      },
    },
    handler: async (request, reply) => {
      const id = checkedJobId(request.params.jobId);
      request.trail.jobId = id;
      const last = request.headers['last-event-id'] ?? null;
      const events = await jobs.events(callerOf(request), id, last);
      if (events === null) return reply.code(204).send();
      // Proxies that collect an answer before they pass it on would hold the events back.
      reply.code(200).type('text/event-stream; charset=utf-8').header('x-accel-buffering', 'no');
      if (request.method === 'HEAD') {
        events.close();
        return reply.send(Readable.from([]));
      }
      return reply.send(eventStream(events, around.streams, around.closing));
    },
  });
};
