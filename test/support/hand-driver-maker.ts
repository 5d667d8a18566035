import type { DriverInfo, DriverMaker, MadeDriver } from '../../src/drivers/driver.ts';
import { DriverStartError } from '../../src/drivers/driver.ts';
import { deferred } from '../../src/util/deferred.ts';
import { DRIVER_INFO, HandDriver } from './hand-driver.ts';

type Settings = Readonly<Record<string, string>>;

/** One driver process in the hands of a test: it says itself how its start and its stop go. */
export class HandMade implements MadeDriver {
  readonly driver: HandDriver;
  readonly settings: Settings;
  started = false;
  stopped = false;
  /** What its stop waits for. */
  stopping: () => Promise<void> = async () => {};
  readonly #start = deferred<DriverInfo>();

  constructor(settings: Settings, info: DriverInfo) {
    this.settings = settings;
    this.driver = new HandDriver(info);
    this.driver.stopper = async () => {
      await this.stopping();
      this.stopped = true;
      this.#start.reject(new DriverStartError('it was stopped'));
    };
    this.#start.promise.catch(() => {});
  }

  start(): Promise<DriverInfo> {
    this.started = true;
    return this.#start.promise;
  }

  ready(): void {
    this.driver.ready();
    this.#start.resolve(this.driver.info);
  }

  fail(reason: string): void {
    this.#start.reject(new DriverStartError(reason));
  }
}

const GIB = 2 ** 30;

/** Makes no process at all: `made` has what was asked for. Each takes 1 GiB unless it says so. */
export class HandDriverMaker implements DriverMaker {
  most: number | null = null;
  readonly made: HandMade[] = [];

  faults(settings: Settings): readonly string[] {
    return settings['spark.master'] === 'nonsense' ? ['spark.master is no master'] : [];
  }

  memoryBytes(settings: Settings): number {
    return Number.parseInt(settings['spark.driver.memory'] ?? '1', 10) * GIB;
  }

  make(settings: Settings): HandMade {
    const appId = `app-${this.made.length + 1}`;
    const master = settings['spark.master'] ?? DRIVER_INFO.master;
    const made = new HandMade(settings, { ...DRIVER_INFO, appId, master });
    this.made.push(made);
    return made;
  }

  /** The n-th that was made, from 0. */
  at(index: number): HandMade {
    const made = this.made[index];
    if (made === undefined) throw new Error(`only ${this.made.length} drivers were made`);
    return made;
  }

  /** Those whose process would be there. */
  get live(): readonly HandMade[] {
    return this.made.filter(({ started, stopped }) => started && !stopped);
  }
}
