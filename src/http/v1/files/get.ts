import { z } from 'zod';
import { json, problems } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import { FILE_EXAMPLE, fileSchema, fileView } from '../../file-view.ts';
import type { Services } from '../../services.ts';

export const getFile = (app: Api, { files }: Services): void => {
  app.route({
    method: 'GET',
    url: '/files/:fileId',
    config: { access: 'viewer' },
    schema: {
      operationId: 'files.get',
      tags: ['files'],
      summary: 'What is known of an uploaded file',
      params: z.strictObject({ fileId: z.string().describe('UUIDv7 of the file.') }),
      response: {
        200: json('The file.', fileSchema, FILE_EXAMPLE),
        ...problems('NOT_FOUND'),
      },
    },
    handler: async (request) => fileView(await files.get(callerOf(request), request.params.fileId)),
  });
};
