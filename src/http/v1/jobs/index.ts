import type { Api } from '../../api.ts';
import type { Services } from '../../services.ts';
import { getJob } from './get.ts';

export const registerJobs = (app: Api, services: Services, stopping: AbortSignal): void => {
  getJob(app, services, stopping);
};
