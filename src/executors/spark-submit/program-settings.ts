import { join } from 'node:path';
import type { Ports } from '../../processes/port-slots.ts';
import type { Execution } from '../executor.ts';

type Settings = Readonly<Record<string, string>>;

/** They are about the server's own driver: a program with them would take its place, or fail. */
const NEVER_INHERITED = [
  'spark.driver.host',
  'spark.driver.port',
  'spark.driver.bindAddress',
  'spark.driver.blockManager.port',
  'spark.ui.port',
  'spark.app.id',
];

const LISTENER = 'com.whereq.libra.program.ProgramListener';
const LOOPBACK = '127.0.0.1';

export interface ProgramPlace {
  readonly server: Settings;
  readonly ports: Ports;
  readonly redactionPattern: string;
  readonly localIp: string | null;
  readonly listenerJar: string;
  readonly folder: string;
}

export const isLocalMaster = (master: string | undefined): boolean =>
  master === undefined || /^local(\[|-cluster|$)/.test(master);

export const isClusterMode = (settings: Settings): boolean =>
  settings['spark.submit.deployMode']?.trim().toLowerCase() === 'cluster';

/** All that the program is started with: the server's settings, ours over them, the job's on top. */
export const programSettings = (
  { job, request }: Pick<Execution, 'job' | 'request'>,
  place: ProgramPlace,
): Settings => {
  const inherited = Object.fromEntries(
    Object.entries(place.server).filter(([key]) => !NEVER_INHERITED.includes(key)),
  );
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
const besideServer = (asked: Settings, { ports, localIp, folder }: ProgramPlace): Settings => {
  const address = localIp ?? (isLocalMaster(asked['spark.master']) ? LOOPBACK : null);
  return {
    // Elsewhere Spark finds the address of this machine that the workers can reach.
    ...(address === null
      ? {}
      : { 'spark.driver.host': address, 'spark.driver.bindAddress': address }),
    'spark.driver.port': String(ports.driver),
    'spark.driver.blockManager.port': String(ports.blockManager),
    'spark.ui.port': String(ports.ui),
    'spark.port.maxRetries': String(ports.retries),
    'spark.scheduler.allocation.file': join(folder, 'fairscheduler.xml'),
  };
};

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

/** In the format of java.util.Properties, which Spark reads as UTF-8. */
export const propertiesText = (settings: Settings): string =>
  Object.entries(settings)
    .map(([key, value]) => `${escaped(key)}=${escaped(value)}\n`)
    .join('');

const NAMED: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
};

/** Every character that could mean something there, and every one that an encoding could change. */
const escaped = (text: string): string =>
  text.replace(
    /[^A-Za-z0-9_./@,;*()[\]{}<>|?&%$+'"`~^-]/g,
    (char) => NAMED[char] ?? (/[\x20-\x7e]/.test(char) ? `\\${char}` : unicode(char)),
  );

const unicode = (char: string): string =>
  [...char.split('')]
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
