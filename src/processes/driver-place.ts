import type { Ports } from './port-slots.ts';

type Settings = Readonly<Record<string, string>>;

export const LOOPBACK = '127.0.0.1';

/** They are about the server's own driver: another with them would take its place, or fail. */
const NEVER_INHERITED = [
  'spark.driver.host',
  'spark.driver.port',
  'spark.driver.bindAddress',
  'spark.driver.blockManager.port',
  'spark.ui.port',
  'spark.app.id',
];

export const isLocalMaster = (master: string | undefined): boolean =>
  master === undefined || /^local(\[|-cluster|$)/.test(master);

/** Of the server's settings those that other drivers start with as well. */
export const inheritedSettings = (server: Settings): Settings =>
  Object.fromEntries(Object.entries(server).filter(([key]) => !NEVER_INHERITED.includes(key)));

/** Where a driver that is a process of this machine listens. */
export const placeSettings = (
  master: string | undefined,
  ports: Ports,
  localIp: string | null,
): Settings => {
  const address = localIp ?? (isLocalMaster(master) ? LOOPBACK : null);
  return {
    // Elsewhere Spark finds the address of this machine that the workers can reach.
    ...(address === null
      ? {}
      : { 'spark.driver.host': address, 'spark.driver.bindAddress': address }),
    'spark.driver.port': String(ports.driver),
    'spark.driver.blockManager.port': String(ports.blockManager),
    'spark.ui.port': String(ports.ui),
    'spark.port.maxRetries': String(ports.retries),
  };
};
