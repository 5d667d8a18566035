import type { Api } from '../../api.ts';
import type { Surroundings } from '../../options.ts';
import type { Services } from '../../services.ts';
import { createStatement } from './create.ts';
import { listStatements } from './list.ts';

export const registerStatements = (app: Api, services: Services, around: Surroundings): void => {
  createStatement(app, services, around);
  listStatements(app, services);
};
