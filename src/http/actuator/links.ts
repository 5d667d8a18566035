import { z } from 'zod';
import { json, publicProblems } from '../answers.ts';
import type { Api } from '../api.ts';

const schema = z.object({
  _links: z.record(z.string(), z.object({ href: z.string(), templated: z.boolean() })),
});

const LINKS = Object.fromEntries(
  Object.entries({
    self: '/actuator',
    health: '/actuator/health',
    'health-path': '/actuator/health/{path}',
    info: '/actuator/info',
    metrics: '/actuator/metrics',
    'metrics-name': '/actuator/metrics/{name}',
    prometheus: '/actuator/prometheus',
  }).map(([name, href]) => [name, { href, templated: href.includes('{') }]),
);

export const links = (app: Api): void => {
  app.route({
    method: 'GET',
    url: '',
    config: { access: 'public' },
    schema: {
      operationId: 'actuator.links',
      tags: ['health'],
      summary: 'What there is to look at',
      response: {
        200: json('The links.', schema, { _links: LINKS }),
        ...publicProblems('HOST_NOT_ALLOWED'),
      },
    },
    handler: async () => ({ _links: LINKS }),
  });
};
