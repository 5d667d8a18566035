import { z } from 'zod';
import { nothing, problems } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import type { Services } from '../../services.ts';

export const removeFile = (app: Api, { files }: Services): void => {
  app.route({
    method: 'DELETE',
    url: '/files/:fileId',
    config: { access: 'user' },
    schema: {
      operationId: 'files.remove',
      tags: ['files'],
      summary: 'Remove an uploaded file',
      description: 'Not while a job that names it is queued or running.',
      params: z.strictObject({ fileId: z.string().describe('UUIDv7 of the file.') }),
      response: { 204: nothing('It is gone.'), ...problems('NOT_FOUND', 'JOB_ACTIVE') },
    },
    handler: async (request, reply) => {
      await files.remove(callerOf(request), request.params.fileId);
      return reply.code(204).send();
    },
  });
};
