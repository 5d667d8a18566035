import { z } from 'zod';
import { json, problems, textual } from '../answers.ts';
import type { Api } from '../api.ts';
import { negotiate } from '../negotiate.ts';
import type { Surroundings } from '../options.ts';
import { PROMETHEUS_EXAMPLE } from './prometheus.ts';

const schema = z.object({ names: z.array(z.string()) });
const listed = json('JSON: the names. Otherwise the Prometheus text.', schema, {
  names: ['libra_driver_up', 'libra_jobs_running'],
});
const scraped = textual('', { 'text/plain': PROMETHEUS_EXAMPLE });

/** JSON where it is asked for; curl and scrapers, which ask for anything, get the text. */
export const wantsJson = (accept: string | undefined): boolean =>
  negotiate(accept, ['text/plain', 'application/json']) === 'application/json';

export const metricNames = (app: Api, { metrics }: Surroundings): void => {
  app.route({
    method: 'GET',
    url: '/metrics',
    config: { access: 'viewer', quiet: true },
    schema: {
      operationId: 'actuator.metrics',
      tags: ['health'],
      summary: 'The metrics there are',
      response: {
        200: { ...listed, content: { ...listed.content, ...scraped.content } },
        ...problems(),
      },
    },
    handler: async (request, reply) => {
      reply.header('vary', 'accept');
      if (!wantsJson(request.headers.accept)) {
        return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
      }
      const all = await metrics.registry.getMetricsAsJSON();
      return reply.send({ names: all.map(({ name }) => name).sort() });
    },
  });
};
