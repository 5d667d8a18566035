import { problems, textual } from '../answers.ts';
import type { Api } from '../api.ts';
import type { Surroundings } from '../options.ts';

export const PROMETHEUS_EXAMPLE =
  '# HELP libra_driver_up 1 while the driver of the default session answers.\n' +
  '# TYPE libra_driver_up gauge\nlibra_driver_up 1\n';

export const prometheus = (app: Api, { metrics }: Surroundings): void => {
  app.route({
    method: 'GET',
    url: '/prometheus',
    config: { access: 'viewer', quiet: true },
    schema: {
      operationId: 'actuator.prometheus',
      tags: ['health'],
      summary: 'All metrics for Prometheus',
      description:
        'Where tokens are configured, scrapers send one: `authorization` in the scrape configuration.',
      response: {
        200: textual('The text format.', { 'text/plain': PROMETHEUS_EXAMPLE }),
        ...problems(),
      },
    },
    handler: async (_request, reply) =>
      reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  });
};
