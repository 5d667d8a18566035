import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { listening, testApp } from '../support/http-app.ts';
import { HandFedEvents, JOB_ID, standIns } from '../support/http-services.ts';

const EVENTS = `/api/v1/jobs/${JOB_ID}/events`;

const streaming = (events: HandFedEvents | null, streams = {}) => {
  const asked: (number | null)[] = [];
  const services = standIns({
    jobs: {
      events: async (_identity, _id, last) => {
        asked.push(last);
        return events;
      },
    },
  });
  return { t: testApp(services, { streams }), asked };
};
const until = async (met: () => boolean): Promise<void> => {
  while (!met()) await new Promise((resolve) => setTimeout(resolve, 5));
};
const reader = (answer: Response) => {
  const stream = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return async (part: string): Promise<string> => {
    while (!text.includes(part)) {
      const step = await stream?.read();
      if (step === undefined || step.done) throw new Error(`it ended before ${part}: ${text}`);
      text += step.value;
    }
    return text;
  };
};

describe('the events of a job', () => {
  it('are sent as they happen, until the end', async () => {
    const events = new HandFedEvents();
    const { t, asked } = streaming(events);
    const { url } = await listening(t.app);
    const answer = await fetch(url + EVENTS);
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const read = reader(answer);
    await read('retry: 1000\n\n');
    events.push({ id: 1, type: 'state', data: { state: 'RUNNING' } });
    await read('id: 1\nevent: state\ndata: {"state":"RUNNING"}\n\n');
    events.push({ id: 2, type: 'log', data: { stream: 'stdout', text: 'two\nlines\n' } });
    await read('id: 2\nevent: log\ndata: {"stream":"stdout","text":"two\\nlines\\n"}\n\n');
    events.push({ id: 3, type: 'end', data: { state: 'SUCCESS' } });
    events.end();
    await read('id: 3\nevent: end\n');
    await expect(read('more')).rejects.toThrow('it ended before more');
    expect(asked).toEqual([null]);
    expect(events.closed).toBe(true);
    expect(t.contractFaults).toEqual([]);
  });

  it('go on after Last-Event-ID, and are 204 when nothing follows', async () => {
    const { t, asked } = streaming(null);
    const answer = await t.app.inject({ url: EVENTS, headers: { 'last-event-id': '41' } });
    expect([answer.statusCode, answer.body]).toEqual([204, '']);
    expect(asked).toEqual([41]);
    const odd = await t.app.inject({ url: EVENTS, headers: { 'last-event-id': 'x' } });
    expect([odd.statusCode, odd.json().errors[0].field]).toEqual([400, 'last-event-id']);
    expect(t.contractFaults).toEqual([]);
  });

  it('are kept alive by comments', async () => {
    const { t } = streaming(new HandFedEvents(), { heartbeatMs: 10 });
    const { url } = await listening(t.app);
    const read = reader(await fetch(url + EVENTS));
    await read(': still here\n\n: still here\n\n');
  });

  it('are let go when the client leaves', async () => {
    const events = new HandFedEvents();
    const { t } = streaming(events);
    const { url } = await listening(t.app);
    const leave = new AbortController();
    const answer = await fetch(url + EVENTS, { signal: leave.signal });
    await reader(answer)('retry');
    leave.abort();
    await until(() => events.closed);
  });

  it('end when the server closes, so that the client connects again', async () => {
    const events = new HandFedEvents();
    const { t } = streaming(events);
    const { url } = await listening(t.app);
    const answer = await fetch(url + EVENTS);
    const read = reader(answer);
    await read('retry');
    const closed = t.app.close();
    await expect(read('never')).rejects.toThrow('it ended before never');
    await closed;
    expect(events.closed).toBe(true);
  });

  it('are cut off for a client that does not read them', async () => {
    const events = new HandFedEvents();
    const { t } = streaming(events, { stallMs: 50 });
    const { port } = await listening(t.app);
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET ${EVENTS} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await once(socket, 'readable');
    // More than kernel and server buffer together; nobody reads it.
    const text = 'x'.repeat(1024 * 1024);
    for (let id = 1; id <= 64; id++) events.push({ id, type: 'log', data: { text } });
    await until(() => events.closed);
    expect(t.log()).toContain('left unread');
    socket.destroy();
  });

  it('that break off break the connection', async () => {
    const events = new HandFedEvents();
    const broken = Object.assign(events, {
      async *[Symbol.asyncIterator]() {
        yield { id: 1, type: 'state' as const, data: {} };
        throw new Error('the store is gone');
      },
    });
    const { t } = streaming(broken);
    const { url } = await listening(t.app);
    await expect(fetch(url + EVENTS).then((answer) => answer.text())).rejects.toThrow();
    expect(events.closed).toBe(true);
    expect(t.log()).toContain('the store is gone');
  });

  it('are not begun for HEAD', async () => {
    const events = new HandFedEvents();
    const { t } = streaming(events);
    const answer = await t.app.inject({ method: 'HEAD', url: EVENTS });
    expect([answer.statusCode, answer.headers['content-type'], events.closed]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      true,
    ]);
  });
});
