import type { Deferred } from '../util/deferred.ts';
import { deferred } from '../util/deferred.ts';

export interface JobEvent {
  readonly id: number;
  readonly type: 'state' | 'progress' | 'log' | 'end';
  readonly data: unknown;
}

export interface JobEventStream extends AsyncIterable<JobEvent> {
  close(): void;
}

/** What is kept of a job's events for those who come late or read slowly. */
const MAX_EVENTS = 512;
const MAX_LOG_CHARACTERS = 256 * 1024;
const MAX_LOG_EVENT = 16 * 1024;

/**
 * The events of one job, ids counted from 1. There is one bounded buffer for all readers, and each
 * reader holds no more than the id that it has read up to: a slow one costs nothing and misses
 * what fell out meanwhile (progress that was overtaken, then the oldest log lines, which
 * `GET …/logs` still has). State and end events stay.
 */
export class JobEvents {
  #events: JobEvent[] = [];
  #lastId: number;
  #logCharacters = 0;
  #closed = false;
  readonly #readers = new Set<Reader>();

  constructor(lastId = 0) {
    this.#lastId = lastId;
  }

  get lastId(): number {
    return this.#lastId;
  }

  publish(type: JobEvent['type'], data: unknown): void {
    if (this.#closed) return;
    this.#lastId += 1;
    const event = { id: this.#lastId, type, data };
    const overtaken = type === 'progress' && this.#events.at(-1)?.type === 'progress';
    if (overtaken) this.#events[this.#events.length - 1] = event;
    else this.#events.push(event);
    if (type === 'end') this.#closed = true;
    this.#wake();
  }

  /** Long text is cut into events of a bounded size. */
  log(stream: 'stdout' | 'stderr', text: string): void {
    for (let at = 0; at < text.length; at += MAX_LOG_EVENT) {
      const part = text.slice(at, at + MAX_LOG_EVENT);
      this.#logCharacters += part.length;
      this.publish('log', { stream, text: part });
    }
    this.#trim();
  }

  /** Ends the streams without an `end`: their readers come back to the next server. */
  abandon(): void {
    this.#closed = true;
    this.#wake();
  }

  /** Null when `end` was among what the reader has had. */
  streamAfter(lastEventId: number | null): JobEventStream | null {
    const last = this.#events.at(-1);
    const seen = lastEventId ?? 0;
    if (last?.type === 'end' && seen >= last.id) return null;
    return new Reader(this, seen);
  }

  /** The first event after the id; `none` while there is none yet; `over` when none will come. */
  after(id: number): JobEvent | 'none' | 'over' {
    return this.#firstAfter(id) ?? (this.#closed ? 'over' : 'none');
  }

  attach(reader: Reader): void {
    this.#readers.add(reader);
  }

  detach(reader: Reader): void {
    this.#readers.delete(reader);
  }

  #firstAfter(id: number): JobEvent | null {
    if (this.#lastId <= id) return null;
    const events = this.#events;
    let low = 0;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((events[middle] as JobEvent).id <= id) low = middle + 1;
      else high = middle;
    }
    return events[low] ?? null;
  }

  #trim(): void {
    if (this.#events.length <= MAX_EVENTS && this.#logCharacters <= MAX_LOG_CHARACTERS) return;
    // Down to half, so that a flood of lines does not copy the buffer for each of them.
    let events = this.#events.length;
    this.#events = this.#events.filter((event) => {
      const enough = events <= MAX_EVENTS / 2 && this.#logCharacters <= MAX_LOG_CHARACTERS / 2;
      if (enough || event.type === 'state' || event.type === 'end') return true;
      if (event.type === 'log') this.#logCharacters -= (event.data as { text: string }).text.length;
      events -= 1;
      return false;
    });
  }

  #wake(): void {
    for (const reader of this.#readers) reader.wake();
  }
}

class Reader implements JobEventStream {
  readonly #events: JobEvents;
  #id: number;
  #closed = false;
  #news: Deferred<void> | null = null;

  constructor(events: JobEvents, from: number) {
    this.#events = events;
    this.#id = from;
  }

  wake(): void {
    this.#news?.resolve();
    this.#news = null;
  }

  close(): void {
    this.#closed = true;
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<JobEvent> {
    this.#events.attach(this);
    try {
      while (!this.#closed) {
        const event = this.#events.after(this.#id);
        if (event === 'over') return;
        if (event === 'none') {
          this.#news = deferred();
          await this.#news.promise;
          continue;
        }
        this.#id = event.id;
        yield event;
      }
    } finally {
      this.#events.detach(this);
    }
  }
}

/** A stream over what is known already: how a job that ended long ago is told. */
export const replayOf = (events: readonly JobEvent[]): JobEventStream => {
  let closed = false;
  return {
    close: () => {
      closed = true;
    },
    async *[Symbol.asyncIterator]() {
      for (const event of events) {
        if (closed) return;
        yield event;
      }
    },
  };
};
