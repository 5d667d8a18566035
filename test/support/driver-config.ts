import type { DriverConfig } from '../../src/drivers/driver.ts';

/** The least that a host can be started with: for tests in which nothing of it is read. */
export const EMPTY_CONFIG: DriverConfig = {
  sparkConf: {},
  pools: [],
  sqlPolicy: {
    allowReflection: false,
    allowTransform: false,
    allowAddResources: false,
    allowLocalPaths: false,
    allowedRoots: [],
  },
  python: null,
};
