import { bodyProblems, json } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import { FILE_EXAMPLE, fileSchema, fileView } from '../../file-view.ts';
import {
  idempotencyHeaders,
  idempotencyOf,
  markReplay,
  REPLAYED_HEADER,
} from '../../idempotency.ts';
import type { Services } from '../../services.ts';
import { receiveFile } from './multipart.ts';

const OPERATION = 'files.create';

export const createFile = (app: Api, { files }: Services): void => {
  app.route({
    method: 'POST',
    url: '/files',
    config: { access: 'user', upload: true },
    schema: {
      operationId: OPERATION,
      tags: ['files'],
      summary: 'Upload a file',
      description:
        'One part called `file`, of up to `libra.files.max-bytes`. It may take its time as long as ' +
        'something arrives. What is not answered with 201 has left nothing behind.',
      headers: idempotencyHeaders,
      response: {
        201: json('The file is on disk.', fileSchema, FILE_EXAMPLE, {
          Location: { type: 'string', description: 'Where the file is found.' },
          ...REPLAYED_HEADER,
        }),
        ...bodyProblems('IDEMPOTENCY_CONFLICT', 'STORAGE_FULL', 'SERVER_STOPPING'),
      },
    },
    handler: async (request, reply) => {
      const identity = callerOf(request);
      const received = await receiveFile(
        request,
        (name, content) => files.receive(identity, name, content),
        (file) => files.discard(file),
      );
      const key = idempotencyOf(request, undefined, OPERATION, null);
      const { file, replayed } = await files.keep(identity, received, key);
      markReplay(reply, replayed);
      return reply.code(201).header('location', `/api/v1/files/${file.id}`).send(fileView(file));
    },
  });
};
