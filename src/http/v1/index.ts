import type { Api } from '../api.ts';
import type { Surroundings } from '../options.ts';
import type { Services } from '../services.ts';
import { registerFiles } from './files/index.ts';
import { getHealth } from './health.ts';
import { registerJobs } from './jobs/index.ts';
import { registerPools } from './pools/index.ts';
import { registerSessions } from './sessions/index.ts';
import { registerStatements } from './statements/index.ts';

export const registerV1 = (app: Api, services: Services, around: Surroundings): void => {
  registerStatements(app, services, around);
  registerJobs(app, services, around);
  registerSessions(app, services);
  registerPools(app, services);
  registerFiles(app, services);
  getHealth(app, services, around);
};
