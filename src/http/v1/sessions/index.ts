import type { Api } from '../../api.ts';
import type { Services } from '../../services.ts';
import { createSession } from './create.ts';
import { getSession } from './get.ts';
import { listSessions } from './list.ts';
import { removeSession } from './remove.ts';

export const registerSessions = (app: Api, services: Services): void => {
  listSessions(app, services);
  createSession(app, services);
  getSession(app, services);
  removeSession(app, services);
};
