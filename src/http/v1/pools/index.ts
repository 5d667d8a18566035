import type { Api } from '../../api.ts';
import type { Services } from '../../services.ts';
import { getPool } from './get.ts';
import { listPools } from './list.ts';
import { putPool } from './put.ts';
import { removePool } from './remove.ts';

export const registerPools = (app: Api, services: Services): void => {
  listPools(app, services);
  getPool(app, services);
  putPool(app, services);
  removePool(app, services);
};
