import type { Clock, Timer } from '../util/clock.ts';
import { HostRequestError } from './host-replies.ts';

export interface HeartbeatTimes {
  readonly intervalMs: number;
  /** Nothing from the host for so long means that it hangs. */
  readonly silenceMs: number;
}

export const HEARTBEAT: HeartbeatTimes = { intervalMs: 3000, silenceMs: 15_000 };

export interface HeartbeatOptions extends HeartbeatTimes {
  readonly clock: Clock;
  /** Resolves when the host answers; a host that answers by an error says what is wrong with it. */
  readonly ping: () => Promise<void>;
  /** When the host last said anything. */
  readonly heardAt: () => number;
  /** Since when the host does not read; null while it does. */
  readonly blockedSince: () => number | null;
  /** Called once; what the host did wrong ends the sentence "the driver process …". */
  readonly onHang: (fault: string) => void;
}

/**
 * Finds a host that lives and does not answer: stopped, with a full heap, in a deadlock; and one
 * that knows of itself that it is only half alive. It asks now and then, and takes everything that
 * the host says for a sign of life.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #timer: Timer | null = null;
  #lookedAt: number;
  /** Silence counts from here: what this server slept through is nobody's fault. */
  #from: number;
  #asking = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#lookedAt = options.clock.now();
    this.#from = this.#lookedAt;
    this.#later();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #later(): void {
    this.#timer = this.#options.clock.after(this.#options.intervalMs, () => this.#look());
  }

  #look(): void {
    const { clock, intervalMs, silenceMs, onHang } = this.#options;
    const now = clock.now();
    if (now - this.#lookedAt > 2 * intervalMs) this.#from = now;
    this.#lookedAt = now;
    const quiet = now - Math.max(this.#from, this.#options.heardAt());
    const blockedSince = this.#options.blockedSince();
    const blocked = blockedSince === null ? 0 : now - Math.max(this.#from, blockedSince);
    if (Math.max(quiet, blocked) >= silenceMs) {
      const seconds = Math.round(silenceMs / 1000);
      onHang(`${quiet >= silenceMs ? 'did not answer' : 'read nothing'} for ${seconds} s`);
      return;
    }
    this.#ask();
    this.#later();
  }

  /** One question at a time: those that nobody reads must not pile up. */
  #ask(): void {
    if (this.#asking) return;
    this.#asking = true;
    this.#options.ping().then(
      () => {
        this.#asking = false;
      },
      (error: unknown) => {
        this.#asking = false;
        const dead = error instanceof HostRequestError && error.error.code === 'DRIVER_LOST';
        if (!dead || this.#timer === null) return;
        this.stop();
        this.#options.onHang(`is only half alive: ${error.message}`);
      },
    );
  }
}
