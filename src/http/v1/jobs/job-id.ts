import { z } from 'zod';
import { Problem } from '../../../domain/errors.ts';

export const jobParams = z.strictObject({ jobId: z.string().describe('UUIDv7 of the job.') });

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** An id that cannot be one belongs to no job: 404 like any other unknown id. */
export const checkedJobId = (text: string): string => {
  const id = text.toLowerCase();
  if (!UUID.test(id)) throw new Problem('NOT_FOUND', 'There is no job with this id.');
  return id;
};
