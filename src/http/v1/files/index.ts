import multipart from '@fastify/multipart';
import type { Api } from '../../api.ts';
import type { Services } from '../../services.ts';
import { createFile } from './create.ts';
import { getFile } from './get.ts';
import { listFiles } from './list.ts';
import { removeFile } from './remove.ts';

export const registerFiles = (app: Api, services: Services): void => {
  // In a scope of its own: nothing else takes forms with files.
  app.register((scope, _options, done) => {
    scope.register(multipart);
    scope.after(() => createFile(scope as Api, services));
    done();
  });
  listFiles(app, services);
  getFile(app, services);
  removeFile(app, services);
};
