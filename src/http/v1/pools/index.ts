import type { Api } from '../../api.ts';
import type { Services } from '../../services.ts';
import { getPool } from './get.ts';
import { listPools } from './list.ts';

export const registerPools = (app: Api, services: Services): void => {
  listPools(app, services);
  getPool(app, services);
};
