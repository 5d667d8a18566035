import { join } from 'node:path';
import { RESOURCE_SETTINGS } from '../../domain/spark-settings.ts';
import { inheritedSettings, isLocalMaster, placeSettings } from '../../processes/driver-place.ts';
import type { Ports } from '../../processes/port-slots.ts';

type Settings = Readonly<Record<string, string>>;

/** The complete configuration of a child's SparkContext: what was asked for stands on top. */
export const childSettings = (
  server: Settings,
  asked: Settings,
  place: { readonly ports: Ports; readonly localIp: string | null },
): Settings => {
  const settings = { ...inheritedSettings(server), ...asked };
  return {
    ...settings,
    ...placeSettings(settings['spark.master'], place.ports, place.localIp),
    'spark.ui.showConsoleProgress': 'false',
    ...asked,
  };
};

/**
 * For a child that runs as a user of its own: what it writes goes to its own folder, and the ports
 * that it opens on this machine, where other users are, answer none but itself.
 */
export const settingsApart = (settings: Settings, own: string): Settings => ({
  'spark.ui.enabled': 'false',
  ...settings,
  'spark.local.dir': join(own, 'tmp'),
  'spark.jars.ivy': join(own, 'ivy'),
  // Elsewhere the cluster says how: its processes have to share the secret.
  ...(isLocalMaster(settings['spark.master']) ? { 'spark.authenticate': 'true' } : {}),
});

/** The settings with each file that they name where `reachable` puts it. */
export const withFiles = async (
  settings: Settings,
  reachable: (path: string) => Promise<string>,
): Promise<Settings> => {
  const placed: Record<string, string> = { ...settings };
  for (const key of RESOURCE_SETTINGS) {
    const value = settings[key];
    if (value === undefined) continue;
    const entries = value.split(',').map(async (entry) => {
      // Behind the # stands the name that the program sees.
      const [path = '', ...alias] = entry.split('#');
      return [await reachable(path), ...alias].join('#');
    });
    placed[key] = (await Promise.all(entries)).join(',');
  }
  return placed;
};

/** The driver host gives effect to these itself, as it does in the server's process. */
const OF_THE_HOST =
  /^spark\.(jars|jars\.packages|files|archives|submit\.pyFiles|yarn\.dist\..*|plugins|extraListeners)$/;

/** Of these settings what spark-submit reads to start the JVM. */
export const submitSettings = (settings: Settings, hostJar: string): Settings => {
  const classPath = settings['spark.driver.extraClassPath'];
  return {
    ...Object.fromEntries(Object.entries(settings).filter(([key]) => !OF_THE_HOST.test(key))),
    'spark.driver.extraClassPath': classPath ? `${classPath}:${hostJar}` : hostJar,
  };
};
