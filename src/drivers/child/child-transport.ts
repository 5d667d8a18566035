import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../util/clock.ts';
import { type Deferred, deferred } from '../../util/deferred.ts';
import { Lines } from './lines.ts';

export interface ChildSocketOptions {
  /** In a folder that nobody else can enter. */
  readonly path: string;
  /** The first line of the connection that is taken. */
  readonly token: string;
  readonly clock: Clock;
  readonly onLine: (line: string) => void;
  /** The connection that was taken is over; `fault` is what the other side did wrong, if anything. */
  readonly onClosed: (fault: string | null) => void;
}

/** The result of a statement has 16 MiB at most, which JSON may write six times as long. */
const LONGEST_LINE = 128 * 2 ** 20;
const LONGEST_TOKEN = 1024;
const TOKEN_MS = 10_000;
/** How many may be on the way to show their token. */
const CALLERS = 4;

/**
 * The server's end of the way to one child. It takes one connection, the first that shows the
 * token; every other one is refused, and nobody can come any more after that.
 */
export class ChildSocket {
  readonly #options: ChildSocketOptions;
  readonly #server: Server;
  readonly #callers = new Set<Socket>();
  readonly #connected: Deferred<void> = deferred();
  #socket: Socket | null = null;
  #heardAt: number;
  #blockedSince: number | null = null;
  #fault: string | null = null;

  private constructor(options: ChildSocketOptions) {
    this.#options = options;
    this.#heardAt = options.clock.now();
    this.#server = createServer((socket) => this.#meet(socket));
  }

  static async listen(options: ChildSocketOptions): Promise<ChildSocket> {
    const socket = new ChildSocket(options);
    socket.#server.listen(options.path);
    await once(socket.#server, 'listening');
    return socket;
  }

  /** Resolves with the one connection; never when nobody comes. */
  get connected(): Promise<void> {
    return this.#connected.promise;
  }

  /** When the child last said anything. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Since when the child does not read what was sent; null while it does. */
  get blockedSince(): number | null {
    return this.#blockedSince;
  }

  send(line: string): void {
    const socket = this.#socket;
    if (socket === null || socket.destroyed) return;
    if (!socket.write(`${line}\n`)) this.#blockedSince ??= this.#options.clock.now();
  }

  /** Says that nothing more comes; the child ends then. */
  close(): void {
    this.#server.close();
    for (const caller of this.#callers) caller.destroy();
    this.#socket?.destroy();
  }

  #meet(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    if (this.#socket !== null || this.#callers.size >= CALLERS) {
      socket.destroy();
      return;
    }
    this.#callers.add(socket);
    const lines = new Lines(LONGEST_TOKEN);
    const deadline = this.#options.clock.after(TOKEN_MS, () => socket.destroy());
    const look = (chunk: Buffer): void => {
      const [first] = lines.take(chunk, 1) ?? [''];
      if (first === undefined) return;
      socket.off('data', look);
      deadline.cancel();
      if (this.#socket === null && isSame(first, this.#options.token)) {
        this.#take(socket, lines.rest());
      } else {
        socket.destroy();
      }
    };
    socket.on('data', look);
    socket.once('close', () => {
      deadline.cancel();
      this.#callers.delete(socket);
    });
  }

  #take(socket: Socket, rest: Buffer): void {
    this.#socket = socket;
    this.#callers.delete(socket);
    this.#server.close();
    for (const caller of this.#callers) caller.destroy();
    const lines = new Lines(LONGEST_LINE);
    const read = (chunk: Buffer): void => {
      this.#heardAt = this.#options.clock.now();
      const whole = lines.take(chunk);
      if (whole === null) {
        this.#fault ??= `sent a message of more than ${LONGEST_LINE} bytes`;
        socket.destroy();
        return;
      }
      for (const line of whole) this.#options.onLine(line);
    };
    socket.on('data', read);
    socket.on('drain', () => {
      this.#blockedSince = null;
    });
    socket.once('close', () => this.#options.onClosed(this.#fault));
    this.#connected.resolve();
    if (rest.length > 0) read(rest);
  }
}

/** Takes the same time however much of it is right. */
const isSame = (given: string, token: string): boolean =>
  timingSafeEqual(digest(given), digest(token));

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
