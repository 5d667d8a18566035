import type { Api } from '../../api.ts';
import type { Surroundings } from '../../options.ts';
import type { Services } from '../../services.ts';
import { cancelJob } from './cancel.ts';
import { getEvents } from './events.ts';
import { getJob } from './get.ts';
import { listJobs } from './list.ts';
import { getLogs } from './logs.ts';
import { removeJob } from './remove.ts';
import { rerunJob } from './rerun.ts';
import { getResult } from './result.ts';

export const registerJobs = (app: Api, services: Services, around: Surroundings): void => {
  listJobs(app, services);
  getJob(app, services, around);
  cancelJob(app, services);
  removeJob(app, services);
  rerunJob(app, services);
  getResult(app, services);
  getLogs(app, services);
  getEvents(app, services, around);
};
