import { describe, expect, it } from 'vitest';
import { createSignalHandler } from '../../src/signals.ts';

const handlerAt = (underNpm = false) => {
  const seen: string[] = [];
  let time = 5_000;
  const handle = createSignalHandler({
    stop: (signal) => seen.push(`stop ${signal}`),
    end: (signal) => seen.push(`end ${signal}`),
    underNpm,
    now: () => time,
  });
  return {
    seen,
    at: (ms: number, signal: NodeJS.Signals) => {
      time = 5_000 + ms;
      handle(signal);
    },
  };
};

describe('signals', () => {
  it('stop in order first, and end at once the second time', () => {
    const { seen, at } = handlerAt();
    at(0, 'SIGTERM');
    at(400, 'SIGINT');
    expect(seen).toEqual(['stop SIGTERM', 'end SIGINT']);
  });

  it('may follow each other closely', () => {
    const { seen, at } = handlerAt();
    at(0, 'SIGTERM');
    at(0, 'SIGTERM');
    expect(seen).toEqual(['stop SIGTERM', 'end SIGTERM']);
  });

  it('count once when npm repeats what the terminal has sent', () => {
    const { seen, at } = handlerAt(true);
    at(0, 'SIGINT');
    at(2, 'SIGINT');
    expect(seen).toEqual(['stop SIGINT']);
    at(3_000, 'SIGINT');
    expect(seen).toEqual(['stop SIGINT', 'end SIGINT']);
  });
});
