import { z } from 'zod';
import { json, problems } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import { FILE_LIST_EXAMPLE, fileListSchema, fileListView } from '../../file-view.ts';
import { listQuery } from '../../list-query.ts';
import type { Services } from '../../services.ts';

export const listFiles = (app: Api, { files }: Services): void => {
  app.route({
    method: 'GET',
    url: '/files',
    config: { access: 'viewer' },
    schema: {
      operationId: 'files.list',
      tags: ['files'],
      summary: 'Uploaded files, newest first',
      description: 'An operator sees those of everybody.',
      querystring: z.strictObject(listQuery),
      response: {
        200: json('One page.', fileListSchema, FILE_LIST_EXAMPLE),
        ...problems('INVALID_REQUEST', 'BAD_CURSOR'),
      },
    },
    handler: async (request) => {
      const { limit, cursor = null } = request.query;
      return fileListView(await files.list(callerOf(request), limit, cursor));
    },
  });
};
