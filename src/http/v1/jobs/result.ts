import { Readable } from 'node:stream';
import { z } from 'zod';
import { Problem } from '../../../domain/errors.ts';
import { problems, textual } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import { queryNumber } from '../../fields.ts';
import { negotiate } from '../../negotiate.ts';
import type { ResultFormat, Services } from '../../services.ts';
import { checkedJobId, jobParams } from './job-id.ts';

const TYPES = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'text/csv': 'csv',
  'application/vnd.apache.arrow.stream': 'arrow',
  'text/plain': 'text',
} as const satisfies Record<string, ResultFormat>;
type ResultType = keyof typeof TYPES;
const OFFERED = Object.keys(TYPES) as readonly ResultType[];

const EXAMPLES: Readonly<Record<ResultType, string>> = {
  'application/json':
    '{"schema":[{"name":"id","type":"bigint","nullable":false}],"rows":[["51"],["52"]],"nextOffset":null}',
  'application/x-ndjson': '{"id":"51"}\n{"id":"52"}\n',
  'text/csv': 'id\r\n51\r\n52\r\n',
  'application/vnd.apache.arrow.stream': '(an Arrow IPC stream)',
  'text/plain': 'Schema: struct<id:bigint>\n\n[51]\n[52]\n',
};

const contentType = (type: ResultType): string =>
  type.startsWith('text/') ? `${type}; charset=utf-8` : type;

/** Reads the first piece before anything is sent: until then a fault can still be a problem. */
const primed = async (pieces: AsyncIterable<Uint8Array>): Promise<Readable> => {
  const iterator = pieces[Symbol.asyncIterator]();
  const first = await iterator.next();
  const all = async function* () {
    try {
      for (let step = first; step.done !== true; step = await iterator.next()) yield step.value;
    } finally {
      await iterator.return?.();
    }
  };
  return Readable.from(all(), { objectMode: false });
};

export const getResult = (app: Api, { results }: Services): void => {
  app.route({
    method: 'GET',
    url: '/jobs/:jobId/result',
    config: { access: 'viewer' },
    schema: {
      operationId: 'jobs.result',
      tags: ['jobs'],
      summary: 'The stored rows',
      description:
        'The format follows `Accept`. In JSON, bigint and decimal are texts, binary is base64, ' +
        'maps are lists of pairs. An offset past the end has no rows.',
      params: jobParams,
      querystring: z.strictObject({
        offset: queryNumber(0, Number.MAX_SAFE_INTEGER)
          .prefault('0')
          .describe('The first row, counted from 0.'),
        limit: queryNumber(0, Number.MAX_SAFE_INTEGER)
          .optional()
          .describe('How many rows at most; all of them when left out.'),
      }),
      response: {
        200: textual('The rows, streamed.', EXAMPLES),
        ...problems(
          'INVALID_REQUEST',
          'NOT_FOUND',
          'NOT_ACCEPTABLE',
          'RESULT_NOT_READY',
          'RESULT_GONE',
        ),
      },
    },
    handler: async (request, reply) => {
      const id = checkedJobId(request.params.jobId);
      request.trail.jobId = id;
      const type = negotiate(request.headers.accept, OFFERED);
      if (type === null) {
        throw new Problem('NOT_ACCEPTABLE', `A result comes as ${OFFERED.join(', ')}.`);
      }
      const { offset, limit = null } = request.query;
      const pieces = await results.read(callerOf(request), id, TYPES[type], offset, limit);
      reply.type(contentType(type)).header('vary', 'accept');
      // HEAD asks whether there is one, not for the reading of it.
      return reply.send(request.method === 'HEAD' ? Readable.from([]) : await primed(pieces));
    },
  });
};
