import { join } from 'node:path';
import { inheritedSettings, placeSettings } from '../../processes/driver-place.ts';
import type { Ports } from '../../processes/port-slots.ts';
import type { Execution } from '../executor.ts';

type Settings = Readonly<Record<string, string>>;

const LISTENER = 'com.whereq.libra.program.ProgramListener';

export interface ProgramPlace {
  readonly server: Settings;
  readonly ports: Ports;
  readonly redactionPattern: string;
  readonly localIp: string | null;
  readonly listenerJar: string;
  readonly folder: string;
}

export const isClusterMode = (settings: Settings): boolean =>
  settings['spark.submit.deployMode']?.trim().toLowerCase() === 'cluster';

/** All that the program is started with: the server's settings, ours over them, the job's on top. */
export const programSettings = (
  { job, request }: Pick<Execution, 'job' | 'request'>,
  place: ProgramPlace,
): Settings => {
  const inherited = inheritedSettings(place.server);
  const asked = { ...inherited, ...request.sparkConfig };
  const settings: Settings = {
    'spark.redaction.regex': `(?i)${place.redactionPattern}`,
    'spark.scheduler.mode': 'FAIR',
    ...inherited,
    'spark.app.name': request.name ?? request.description ?? job.id,
    'spark.ui.showConsoleProgress': 'false',
    'spark.libra.pool': request.pool,
    'spark.libra.jobId': job.id,
    ...(isClusterMode(asked) ? onCluster(asked) : besideServer(asked, place)),
    ...request.sparkConfig,
  };
  return isClusterMode(settings) ? settings : listenedTo(settings, place.listenerJar);
};

/** The driver is a process of this machine. */
const besideServer = (asked: Settings, { ports, localIp, folder }: ProgramPlace): Settings => ({
  ...placeSettings(asked['spark.master'], ports, localIp),
  'spark.scheduler.allocation.file': join(folder, 'fairscheduler.xml'),
});

/** The driver is wherever the cluster puts it. */
const onCluster = (asked: Settings): Settings => {
  const master = asked['spark.master'];
  const rest = master === undefined ? null : restMaster(master, asked['spark.master.rest.port']);
  return rest === null ? {} : { 'spark.master': rest, 'spark.master.rest.enabled': 'true' };
};

const REST_PORT = '6066';

/** The address of a standalone master's REST server; null for other kinds of cluster. */
export const restMaster = (master: string, restPort: string | undefined): string | null => {
  if (!master.startsWith('spark://')) return null;
  const hosts = master
    .slice('spark://'.length)
    .split(',')
    .map((host) => `${host.replace(/:\d+$/, '')}:${restPort ?? REST_PORT}`);
  return `spark://${hosts.join(',')}`;
};

/** A listener in the driver tells of the application and gives its main thread its pool. */
const listenedTo = (settings: Settings, jar: string): Settings => {
  const listeners = settings['spark.extraListeners'];
  const classPath = settings['spark.driver.extraClassPath'];
  return {
    ...settings,
    'spark.extraListeners': listeners ? `${listeners},${LISTENER}` : LISTENER,
    'spark.driver.extraClassPath': classPath ? `${classPath}:${jar}` : jar,
  };
};
