import { Registry } from 'prom-client';

export const createMetrics = () => ({ registry: new Registry() });
export type Metrics = ReturnType<typeof createMetrics>;
