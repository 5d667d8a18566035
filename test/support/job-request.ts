import type { JobRequest } from '../../src/domain/job.ts';

/** A request for `SELECT 1` with nothing special, but for the fields that a test is about. */
export const aRequest = (fields: Partial<JobRequest> = {}): JobRequest => ({
  kind: 'sql',
  code: 'SELECT 1',
  filePath: null,
  mainClass: null,
  args: [],
  pool: 'default',
  description: null,
  name: null,
  tags: {},
  sparkConfig: {},
  parameters: [],
  rowLimit: 1000,
  onOverflow: 'TRUNCATE',
  maxRuntimeMs: null,
  context: null,
  retry: null,
  ...fields,
});
