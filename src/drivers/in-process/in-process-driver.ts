import { systemClock } from '../../util/clock.ts';
import type { Driver } from '../driver.ts';
import { HEARTBEAT, Heartbeat } from '../heartbeat.ts';
import { HostClient, type HostTransport } from '../host-client.ts';
import { watchMemoryNote } from './memory-note.ts';
import { type JvmLaunch, type NativeHost, openHost } from './native.ts';

export { exitProcess, haltProcess, type JvmLaunch } from './native.ts';

/** Longer than for a child: with the driver goes the whole server. */
const SILENCE_MS = 25_000;

/** JNI: requests are method calls, events come through the host's one listener. */
class JniTransport implements HostTransport {
  readonly #jvm: JvmLaunch;
  readonly #onDead: (cause: string) => void;
  #host: NativeHost | null = null;
  #closed: (cause: string) => void = () => {};

  constructor(jvm: JvmLaunch, onDead: (cause: string) => void) {
    this.#jvm = jvm;
    this.#onDead = onDead;
  }

  async open(onEvents: (json: string) => void, onClosed: (cause: string) => void): Promise<void> {
    this.#closed = onClosed;
    this.#host = await openHost(this.#jvm, onEvents);
  }

  send(json: string): void {
    try {
      this.#host?.request(json);
    } catch (error) {
      // Java takes a request without looking at it: only for want of memory it does not.
      this.giveUp(`takes no requests: ${String(error)}`);
    }
  }

  /** The host lives and is of no use: nobody waits for it any longer. */
  giveUp(fault: string): void {
    if (this.#host === null) return;
    this.#host = null;
    const cause = `The driver ${fault}`;
    this.#closed(cause);
    this.#onDead(cause);
  }
}

export interface InProcessListener {
  /** Events that are not in the protocol. */
  readonly onFault: (message: string) => void;
  /** The JVM has been out of memory for the first time; the driver goes on while it is whole. */
  readonly onMemory: () => void;
  /** The driver hangs or is only half alive: the process has to end, by `haltProcess`. */
  readonly onDead: (cause: string) => void;
}

/**
 * The Spark driver in the server's own process. After `stop` the process can only end, by
 * `exitProcess`.
 */
export const inProcessDriver = (
  jvm: JvmLaunch,
  { onFault, onMemory, onDead }: InProcessListener,
): Driver => {
  const transport = new JniTransport(jvm, onDead);
  const client = new HostClient(transport, onFault);
  let watched = false;
  let answeredAt = 0;
  client.onReady(() => {
    if (watched) return;
    watched = true;
    watchMemoryNote(jvm.options, onMemory);
    new Heartbeat({
      ...HEARTBEAT,
      silenceMs: SILENCE_MS,
      clock: systemClock,
      ping: async () => {
        await client.ping();
        answeredAt = systemClock.now();
      },
      // Progress comes from other threads than answers do: no sign that it takes requests.
      heardAt: () => answeredAt,
      blockedSince: () => null,
      onHang: (fault) => transport.giveUp(fault),
    });
  });
  return client;
};
