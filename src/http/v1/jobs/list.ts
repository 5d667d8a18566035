import { z } from 'zod';
import { JOB_KINDS, JOB_STATES, type JobFilter } from '../../../domain/job.ts';
import { json, problems } from '../../answers.ts';
import type { Api } from '../../api.ts';
import { callerOf } from '../../caller.ts';
import { accepts, queryList, queryTime, text } from '../../fields.ts';
import { JOB_LIST_EXAMPLE, jobListSchema, jobListView } from '../../job-list.ts';
import { listQuery } from '../../list-query.ts';
import type { Services } from '../../services.ts';

const TAG_RULE = accepts('key or key=value; repeat it for several tags, which all have to match');

const tagFilter = z.union([z.string(), z.array(z.string())], TAG_RULE).transform((value, context) =>
  [value].flat().map((tag) => {
    const [, key = '', found] = /^([^=]*)(?:=(.*))?$/s.exec(tag) ?? [];
    if (key === '') {
      context.addIssue({ code: 'custom', input: value, message: TAG_RULE.error({ input: tag }) });
    }
    return { key, value: found ?? null };
  }),
);

const query = z.strictObject({
  state: queryList(JOB_STATES).optional(),
  kind: queryList(JOB_KINDS).optional(),
  sessionId: text(1, 256).optional(),
  pool: text(1, 256).optional(),
  name: text(1, 256).optional(),
  tag: tagFilter
    .meta({ type: 'array', items: { type: 'string' } })
    .optional()
    .describe('`key` or `key=value`; every one has to match.'),
  owner: text(1, 256).optional(),
  from: queryTime().optional().describe('Submitted at this time or later.'),
  to: queryTime().optional().describe('Submitted before this time.'),
  ...listQuery,
});

const filterOf = (wanted: z.output<typeof query>): JobFilter => {
  const { state, kind, sessionId, pool, name, tag, owner, from, to } = wanted;
  return {
    ...(state === undefined ? {} : { states: state }),
    ...(kind === undefined ? {} : { kinds: kind }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(pool === undefined ? {} : { pool }),
    ...(name === undefined ? {} : { name }),
    ...(tag === undefined ? {} : { tags: tag }),
    ...(owner === undefined ? {} : { owner }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
};

export const listJobs = (app: Api, { jobs }: Services): void => {
  app.route({
    method: 'GET',
    url: '/jobs',
    config: { access: 'viewer' },
    schema: {
      operationId: 'jobs.list',
      tags: ['jobs'],
      summary: 'Jobs, newest first',
      description: 'Without their results. An operator sees those of everybody.',
      querystring: query,
      response: {
        200: json('One page.', jobListSchema, JOB_LIST_EXAMPLE),
        ...problems('INVALID_REQUEST', 'BAD_CURSOR'),
      },
    },
    handler: async (request) => {
      const { limit, cursor = null } = request.query;
      return jobListView(
        await jobs.list(callerOf(request), filterOf(request.query), limit, cursor),
      );
    },
  });
};
