import { Problem } from '../domain/errors.ts';
import { checkSettings } from '../domain/setting-rules.ts';
import type { DriverGate } from './driver-gate.ts';
import type { DriverHandle } from './driver-handle.ts';

type Settings = Readonly<Record<string, string>>;

/** How long a request with settings waits for a driver that starts: only Spark knows its keys. */
const DRIVER_WAIT_MS = 30_000;
const RETRY_AFTER_SECONDS = 5;
const MOST_REMEMBERED = 2000;

/** Answers which settings of a request can be in force on a driver that already runs. */
export class RunTimeSettings {
  readonly #shared: DriverHandle;
  readonly #others: () => readonly DriverHandle[];
  readonly #denied: readonly string[];
  /** Whether a key can change at run time: fixed as long as the server lives. */
  readonly #modifiable = new Map<string, boolean>();

  /** Any of them knows; the shared driver is asked first, and waited for. */
  constructor(
    shared: DriverHandle,
    others: () => readonly DriverHandle[],
    denied: readonly string[],
  ) {
    this.#shared = shared;
    this.#others = others;
    this.#denied = denied;
  }

  /** Those of the keys that cannot change at run time; throws the Problem that names bad ones. */
  async fixedKeys(settings: Settings): Promise<readonly string[]> {
    const keys = Object.keys(settings);
    if (keys.length === 0) return [];
    checkSettings(settings, this.#denied);
    await this.#learn(keys.filter((key) => !this.#modifiable.has(key)));
    const fixed = keys.filter((key) => this.#modifiable.get(key) === false);
    this.#forgetSome();
    return fixed;
  }

  /** Whether a driver that runs can take them all, as far as that can be known at once. */
  async fitRunning(settings: Settings): Promise<boolean> {
    if (Object.keys(settings).length === 0) return true;
    return this.#ready() !== null && (await this.fixedKeys(settings)).length === 0;
  }

  /** Throws the Problem that names each key that is none, or that needs a driver of its own. */
  async check(settings: Settings): Promise<void> {
    const fixed = await this.fixedKeys(settings);
    if (fixed.length === 0) return;
    throw new Problem(
      'INVALID_REQUEST',
      `Spark cannot change this at run time, or knows no such setting: ${fixed.join(', ')}. A session on the shared driver cannot have it; one of mode ISOLATED has a driver of its own.`,
      {
        errors: fixed.map((key) => ({
          field: `sparkConfig.${key}`,
          message: 'needs a session of mode ISOLATED',
        })),
      },
    );
  }

  async #learn(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    if (this.#ready() === null) await requireDriver(this.#shared.gate);
    const fixed = new Set(await this.#ask(this.#ready() ?? this.#shared, keys));
    for (const key of keys) this.#modifiable.set(key, !fixed.has(key));
  }

  #ready(): DriverHandle | null {
    return [this.#shared, ...this.#others()].find(({ gate }) => gate.ready) ?? null;
  }

  async #ask({ driver }: DriverHandle, keys: readonly string[]): Promise<readonly string[]> {
    try {
      return await driver.unmodifiableKeys(keys);
    } catch (error) {
      throw unavailable('The driver did not answer.', error);
    }
  }

  #forgetSome(): void {
    if (this.#modifiable.size > MOST_REMEMBERED) this.#modifiable.clear();
  }
}

/** Waits for a driver that starts; 503 when it takes too long. */
export const requireDriver = async (gate: DriverGate): Promise<void> => {
  if (await gate.waitReady(DRIVER_WAIT_MS)) return;
  throw unavailable('The driver does not answer yet.', null);
};

const unavailable = (detail: string, cause: unknown): Problem =>
  new Problem('DRIVER_UNAVAILABLE', detail, { retryAfterSeconds: RETRY_AFTER_SECONDS, cause });
