import { inheritedSettings, placeSettings } from '../../processes/driver-place.ts';
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
