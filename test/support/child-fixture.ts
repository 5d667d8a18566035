import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ChildMaker } from '../../src/drivers/child/child-maker.ts';
import { type ChildOptions, STOP_TIMES } from '../../src/drivers/child/options.ts';
import { HEARTBEAT } from '../../src/drivers/heartbeat.ts';
import { PortSlots } from '../../src/processes/port-slots.ts';
import { systemClock } from '../../src/util/clock.ts';
import { CONFIG, type RealDriver, removeWithFork } from './real-driver.ts';
import { sparkHome } from './spark-home.ts';

export interface LoggedLine {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

/** A folder for child drivers, and what is made in it. */
export interface ChildPlace {
  readonly folder: string;
  readonly driversDir: string;
  readonly logged: readonly LoggedLine[];
  readonly maker: ChildMaker;
  readonly options: ChildOptions;
}

const ports = new PortSlots({ first: 42_200, last: 42_399 });

export const childPlace = (options: Partial<ChildOptions> = {}): ChildPlace => {
  const folder = mkdtempSync(join(tmpdir(), 'libra-child-'));
  const driversDir = join(folder, 'drivers');
  const logged: LoggedLine[] = [];
  const line = (level: string) => (fields: object, message: string) => {
    logged.push({ level, fields, message });
  };
  const whole: ChildOptions = {
    driversDir,
    filesDir: join(folder, 'files'),
    users: null,
    archive: null,
    projectRoot: resolve('.'),
    sparkHome: sparkHome(),
    localIp: '127.0.0.1',
    environment: {
      javaHome: process.env.JAVA_HOME ?? null,
      hadoopConfDir: null,
      yarnConfDir: null,
      sparkConfDir: null,
      path: process.env.PATH ?? null,
      home: folder,
      forDrivers: {},
    },
    sparkConf: CONFIG.sparkConf,
    config: async () => CONFIG,
    ports,
    startTimeoutMs: 170_000,
    maxLogBytes: 1 << 20,
    logLevel: 'info',
    machineBytes: 8 * 2 ** 30,
    heartbeat: { ...HEARTBEAT, silenceMs: 60_000 },
    stop: STOP_TIMES,
    clock: systemClock,
    log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
    ...options,
  };
  return { folder, driversDir, logged, maker: new ChildMaker(whole), options: whole };
};

/** Of the one child that lives there, from its record. */
export const pidIn = ({ driversDir }: ChildPlace): number => {
  const [folder = ''] = readdirSync(driversDir);
  return Number(readFileSync(join(driversDir, folder, 'process'), 'utf8').split(' ')[0]);
};

export const startIn = async (
  place: ChildPlace,
  settings: Readonly<Record<string, string>>,
): Promise<RealDriver> => {
  const { driver, start } = place.maker.make(settings);
  const info = await start();
  return {
    driver: driver as RealDriver['driver'],
    info,
    folder: place.folder,
    pid: () => pidIn(place),
  };
};

const begin = async (): Promise<RealDriver> => {
  const place = childPlace();
  removeWithFork(place.folder);
  return startIn(place, {});
};

const KEY = Symbol.for('libra.test.child-driver');
const shared = globalThis as { [KEY]?: Promise<RealDriver> };

/** One child for the tests of one process, as the driver inside of it is one. */
export const sharedChild = (): Promise<RealDriver> => {
  shared[KEY] ??= begin();
  return shared[KEY];
};
