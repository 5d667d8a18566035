import type { JobRequest } from '../domain/job.ts';

export const checkJar = async (_request: JobRequest, _path: string): Promise<void> => {};
