import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Problem } from '../../src/domain/errors.ts';
import type { ResultFormat } from '../../src/http/services.ts';
import { listening, testApp } from '../support/http-app.ts';
import { JOB_ID, standIns } from '../support/http-services.ts';

const RESULT = `/api/v1/jobs/${JOB_ID}/result`;
const bytes = (text: string) => new TextEncoder().encode(text);

const reading = (pieces: () => AsyncIterable<Uint8Array>) => {
  const asked: { format: ResultFormat; offset: number; limit: number | null }[] = [];
  const services = standIns({
    results: {
      read: async (_identity, _id, format, offset, limit) => {
        asked.push({ format, offset, limit });
        return pieces();
      },
    },
  });
  return { t: testApp(services), asked };
};
const rows = async function* () {
  yield bytes('a');
  yield bytes('bc');
};

describe('a result', () => {
  it.each([
    [undefined, 'application/json', 'json'],
    ['*/*', 'application/json', 'json'],
    ['application/json', 'application/json', 'json'],
    ['application/x-ndjson', 'application/x-ndjson', 'ndjson'],
    ['text/csv', 'text/csv; charset=utf-8', 'csv'],
    ['text/plain', 'text/plain; charset=utf-8', 'text'],
    ['application/vnd.apache.arrow.stream', 'application/vnd.apache.arrow.stream', 'arrow'],
    ['text/html, text/csv;q=0.5, */*;q=0.1', 'text/csv; charset=utf-8', 'csv'],
    ['image/png, */*;q=0.1', 'application/json', 'json'],
  ] as const)('follows Accept %s', async (accept, type, format) => {
    const { t, asked } = reading(rows);
    const answer = await t.app.inject({
      url: RESULT,
      headers: accept === undefined ? {} : { accept },
    });
    expect([answer.statusCode, answer.headers['content-type'], answer.body]).toEqual([
      200,
      type,
      'abc',
    ]);
    expect(answer.headers.vary).toBe('accept');
    expect(asked).toEqual([{ format, offset: 0, limit: null }]);
    expect(t.contractFaults).toEqual([]);
  });

  it('in a type that there is not is a 406 that lists those there are', async () => {
    const { t, asked } = reading(rows);
    const answer = await t.app.inject({ url: RESULT, headers: { accept: 'image/png' } });
    expect([answer.statusCode, answer.json().code]).toEqual([406, 'NOT_ACCEPTABLE']);
    expect(answer.json().detail).toContain('application/vnd.apache.arrow.stream');
    expect(asked).toEqual([]);
    expect(t.contractFaults).toEqual([]);
  });

  it('begins and ends where it is asked to', async () => {
    const { t, asked } = reading(rows);
    await t.app.inject({ url: `${RESULT}?offset=99999998&limit=0` });
    expect(asked).toEqual([{ format: 'json', offset: 99_999_998, limit: 0 }]);
    for (const query of ['offset=-1', 'limit=-1', 'offset=x', 'offset=1.5', 'page=2']) {
      const answer = await t.app.inject({ url: `${RESULT}?${query}` });
      expect([query, answer.statusCode]).toEqual([query, 400]);
    }
    expect(t.contractFaults).toEqual([]);
  });

  it.each([
    ['RESULT_NOT_READY', 409],
    ['RESULT_GONE', 410],
    ['NOT_FOUND', 404],
  ] as const)('that is not there is %s', async (code, status) => {
    const t = testApp(
      standIns({
        results: {
          read: async () => {
            throw new Problem(code, 'There is none.');
          },
        },
      }),
    );
    for (const accept of ['application/json', 'text/csv']) {
      const answer = await t.app.inject({ url: RESULT, headers: { accept } });
      expect([answer.statusCode, answer.headers['content-type'], answer.json().code]).toEqual([
        status,
        'application/problem+json',
        code,
      ]);
    }
    expect(t.contractFaults).toEqual([]);
  });

  it('that breaks before its first byte is a problem', async () => {
    // biome-ignore lint/correctness/useYield: it breaks before it yields
    const { t } = reading(async function* () {
      throw new Error('chunk-00000.arrow: no such file /var/lib/libra');
    });
    const answer = await t.app.inject({ url: RESULT });
    expect([answer.statusCode, answer.json().code]).toEqual([500, 'INTERNAL']);
    expect(answer.body).not.toContain('/var/lib');
  });

  it('that breaks later breaks the connection: half a result is no result', async () => {
    const { t } = reading(async function* () {
      yield bytes('{"rows":[');
      throw new Error('the disk is gone');
    });
    const { url } = await listening(t.app);
    const answer = await fetch(url + RESULT);
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
    expect(t.log()).toContain('the disk is gone');
  });

  it('is not read for HEAD', async () => {
    let read = 0;
    const { t } = reading(async function* () {
      read++;
      yield bytes('a');
    });
    const answer = await t.app.inject({
      method: 'HEAD',
      url: RESULT,
      headers: { accept: 'text/csv' },
    });
    expect([answer.statusCode, answer.headers['content-type'], answer.body, read]).toEqual([
      200,
      'text/csv; charset=utf-8',
      '',
      0,
    ]);
  });

  it('is read no faster than the client takes it, and let go when the client leaves', async () => {
    const PIECE = 256 * 1024;
    let made = 0;
    let finished = (): void => {};
    const released = new Promise<void>((resolve) => {
      finished = resolve;
    });
    const { t } = reading(async function* () {
      try {
        for (;;) {
          made++;
          yield new Uint8Array(PIECE);
        }
      } finally {
        finished();
      }
    });
    const { port } = await listening(t.app);
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET ${RESULT} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await once(socket, 'readable');
    // Nobody reads: production comes to rest as soon as the buffers between the two are full.
    let before = -1;
    while (made !== before) {
      before = made;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(made * PIECE).toBeLessThan(64 * 1024 * 1024);
    // Somebody reads: it goes on.
    socket.resume();
    while (made < before + 20) await new Promise((resolve) => setTimeout(resolve, 10));
    socket.destroy();
    await released;
    const after = made;
    await new Promise((resolve) => setImmediate(resolve));
    expect(made).toBe(after);
  });
});
