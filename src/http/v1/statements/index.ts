import type { Api } from '../../api.ts';
import type { Services } from '../../services.ts';
import { createStatement } from './create.ts';

export const registerStatements = (app: Api, services: Services, stopping: AbortSignal): void => {
  createStatement(app, services, stopping);
};
