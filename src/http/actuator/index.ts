import type { Api } from '../api.ts';
import type { Surroundings } from '../options.ts';
import type { Services } from '../services.ts';
import { actuatorHealth } from './health.ts';
import { info } from './info.ts';
import { links } from './links.ts';
import { liveness } from './liveness.ts';
import { metric } from './metric.ts';
import { metricNames } from './metrics.ts';
import { prometheus } from './prometheus.ts';
import { readiness } from './readiness.ts';

export const registerActuator = (app: Api, services: Services, around: Surroundings): void => {
  links(app);
  actuatorHealth(app, services);
  liveness(app);
  readiness(app, services);
  info(app, around);
  metricNames(app, around);
  metric(app, around);
  prometheus(app, around);
};
