import type { MetricObjectWithValues, MetricValue } from 'prom-client';
import { z } from 'zod';
import { Problem } from '../../domain/errors.ts';
import { json, problems, textual } from '../answers.ts';
import type { Api } from '../api.ts';
import { accepts } from '../fields.ts';
import type { Surroundings } from '../options.ts';
import { wantsJson } from './metrics.ts';
import { PROMETHEUS_EXAMPLE } from './prometheus.ts';

const schema = z
  .object({
    name: z.string(),
    description: z.string(),
    baseUnit: z.string().nullable(),
    measurements: z.array(z.object({ statistic: z.string(), value: z.number() })),
    availableTags: z.array(z.object({ tag: z.string(), values: z.array(z.string()) })),
  })
  .meta({ id: 'Metric' });

type Sample = MetricValue<string> & { readonly metricName?: string };
type Tags = readonly (readonly [string, string])[];

const TAG_RULE = accepts('tag:value; repeat it to narrow further');
const tagQuery = z.union([z.string(), z.array(z.string())], TAG_RULE).transform((value, context) =>
  [value].flat().map((one): readonly [string, string] => {
    const at = one.indexOf(':');
    if (at < 1) {
      context.addIssue({ code: 'custom', input: one, message: TAG_RULE.error({ input: one }) });
    }
    return [one.slice(0, at), one.slice(at + 1)];
  }),
);

const sum = (samples: readonly Sample[]): number =>
  samples.reduce((total, { value }) => total + value, 0);

/** Series are added up, as the tags that are not asked for fall away. */
const measurementsOf = (name: string, type: string, samples: readonly Sample[]) => {
  if (type !== 'histogram' && type !== 'summary') {
    const statistic = type === 'counter' ? 'COUNT' : 'VALUE';
    return samples.length === 0 ? [] : [{ statistic, value: sum(samples) }];
  }
  const part = (suffix: string) => samples.filter((one) => one.metricName === `${name}${suffix}`);
  return [
    { statistic: 'COUNT', value: sum(part('_count')) },
    { statistic: 'TOTAL', value: sum(part('_sum')) },
  ];
};

const tagsOf = (samples: readonly Sample[]) => {
  const tags = new Map<string, Set<string>>();
  for (const { labels } of samples) {
    for (const [tag, value] of Object.entries(labels)) {
      if (tag === 'le' || tag === 'quantile' || value === undefined) continue;
      tags.set(tag, (tags.get(tag) ?? new Set()).add(String(value)));
    }
  }
  return [...tags].map(([tag, values]) => ({ tag, values: [...values].sort() }));
};

const unitOf = (name: string): string | null =>
  /_(seconds|bytes)(_total)?$/.exec(name)?.[1] ?? null;

const metricView = (
  metric: MetricObjectWithValues<MetricValue<string>>,
  tags: Tags,
): z.infer<typeof schema> => {
  const samples = (metric.values as readonly Sample[]).filter(({ labels }) =>
    tags.every(([tag, value]) => String(labels[tag]) === value),
  );
  return {
    name: metric.name,
    description: metric.help,
    baseUnit: unitOf(metric.name),
    measurements: measurementsOf(metric.name, String(metric.type), samples),
    availableTags: tagsOf(samples),
  };
};

const listed = json('JSON: the sums. Otherwise the Prometheus text of this metric.', schema, {
  name: 'libra_jobs_running',
  description: 'Jobs that run, by pool.',
  baseUnit: null,
  measurements: [{ statistic: 'VALUE', value: 3 }],
  availableTags: [{ tag: 'pool', values: ['default', 'interactive'] }],
});
const scraped = textual('', { 'text/plain': PROMETHEUS_EXAMPLE });

export const metric = (app: Api, { metrics }: Surroundings): void => {
  app.route({
    method: 'GET',
    url: '/metrics/:name',
    config: { access: 'viewer', quiet: true },
    schema: {
      operationId: 'actuator.metric',
      tags: ['health'],
      summary: 'One metric',
      params: z.strictObject({ name: z.string() }),
      querystring: z.strictObject({
        tag: tagQuery
          .meta({ type: 'array', items: { type: 'string' } })
          .optional()
          .describe('Only series with this `tag:value`; for JSON.'),
      }),
      response: {
        200: { ...listed, content: { ...listed.content, ...scraped.content } },
        ...problems('INVALID_REQUEST', 'NOT_FOUND'),
      },
    },
    handler: async (request, reply) => {
      const { registry } = metrics;
      const found = registry.getSingleMetric(request.params.name);
      if (found === undefined) throw new Problem('NOT_FOUND', 'There is no metric of this name.');
      reply.header('vary', 'accept');
      if (wantsJson(request.headers.accept)) {
        return reply.send(metricView(await found.get(), request.query.tag ?? []));
      }
      return reply
        .type(registry.contentType)
        .send(await registry.getSingleMetricAsString(request.params.name));
    },
  });
};
