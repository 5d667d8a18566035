import { z } from 'zod';
import type { JobPage } from '../domain/job.ts';
import { JOB_ITEM_EXAMPLE, jobItemSchema, jobItemView } from './job-view.ts';

export const jobListSchema = z
  .object({
    items: z.array(jobItemSchema),
    nextCursor: z.string().nullable().describe('Null on the last page.'),
  })
  .meta({ id: 'JobList' });

export const jobListView = (page: JobPage): z.infer<typeof jobListSchema> => ({
  items: page.items.map(jobItemView),
  nextCursor: page.nextCursor,
});

export const JOB_LIST_EXAMPLE: z.infer<typeof jobListSchema> = {
  items: [JOB_ITEM_EXAMPLE],
  nextCursor: null,
};
