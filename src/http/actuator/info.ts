import { z } from 'zod';
import { json, problems } from '../answers.ts';
import type { Api } from '../api.ts';
import type { Surroundings } from '../options.ts';

const schema = z
  .object({ app: z.object({ name: z.string(), version: z.string() }) })
  .catchall(z.unknown());

export const info = (app: Api, around: Surroundings): void => {
  app.route({
    method: 'GET',
    url: '/info',
    config: { access: 'viewer' },
    schema: {
      operationId: 'actuator.info',
      tags: ['health'],
      summary: 'What runs here',
      response: {
        200: json('Name, version and more.', schema, { app: { name: 'libra', version: '0.1.0' } }),
        ...problems(),
      },
    },
    handler: async () => ({ ...around.info, app: { name: 'libra', version: around.version } }),
  });
};
