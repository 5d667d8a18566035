import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { HttpOptions } from '../../src/app.ts';
import { listening, rawExchange, testApp } from '../support/http-app.ts';
import { aJob, aRunningJob, standIns } from '../support/http-services.ts';

const serving = async (options: Partial<HttpOptions> = {}, services = standIns()) => {
  const t = testApp(services, options);
  return { ...t, ...(await listening(t.app)) };
};

const parse = (answer: string) => {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: Object.fromEntries(lines.map((line) => line.toLowerCase().split(': '))),
    problem: JSON.parse(body) as { code: string; status: number; requestId: string },
  };
};

describe('what Node refuses before it is a request', () => {
  it.each([
    [
      'headers that are too large',
      `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'HEADERS_TOO_LARGE',
    ],
    [
      'a URL that is too long',
      `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      414,
      'URI_TOO_LONG',
    ],
    [
      'a method that there is not',
      'FETCH /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\n\r\n',
      405,
      'METHOD_NOT_ALLOWED',
    ],
    [
      'that, for a path that there is not',
      'FETCH /nope HTTP/1.1\r\nHost: localhost\r\n\r\n',
      400,
      'BAD_HTTP',
    ],
    ['no HTTP at all', 'hello\r\n\r\n', 400, 'BAD_HTTP'],
    [
      'a tunnel',
      'CONNECT /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\n\r\n',
      405,
      'METHOD_NOT_ALLOWED',
    ],
    [
      'a proxy request',
      'CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n',
      400,
      'BAD_HTTP',
    ],
  ])('is a problem too: %s', async (_what, text, status, code) => {
    const { port, log } = await serving();
    const answer = parse(await rawExchange(port, text));
    expect(answer).toMatchObject({
      status,
      headers: { 'content-type': 'application/problem+json', connection: 'close' },
      problem: { code, status, requestId: expect.any(String) },
    });
    expect(answer.headers['x-request-id']).toBe(answer.problem.requestId);
    if (status === 405) expect(answer.headers.allow).toBe('get, head, options');
    expect(log()).toContain(answer.problem.requestId);
  });

  it.each(['HTTP/1.1\r\nHost: ', 'HTTP/1.0'])(
    'knows no caller without a Host: %j',
    async (rest) => {
      const { port } = await serving();
      const answer = await rawExchange(
        port,
        `GET /api/v1/pools ${rest}\r\nConnection: close\r\n\r\n`,
      );
      expect(parse(answer)).toMatchObject({ status: 403, problem: { code: 'HOST_NOT_ALLOWED' } });
    },
  );

  it('is counted without a series for each', async () => {
    const { port, app } = await serving();
    await rawExchange(port, 'hello\r\n\r\n');
    const { body } = await app.inject({ url: '/actuator/prometheus' });
    expect(body).toContain(
      'libra_http_request_duration_seconds_count{operation="unknown",method="OTHER",status="400"} 1',
    );
  });
});

describe('a client that dawdles', () => {
  it('with its headers gets a 408', async () => {
    const { port } = await serving({ headersTimeoutMs: 100, requestTimeoutMs: 1000 });
    const answer = parse(await rawExchange(port, 'GET /api/v1/jobs HTTP/1.1\r\nHost: local'));
    expect([answer.status, answer.problem.code]).toEqual([408, 'REQUEST_TIMEOUT']);
  });

  it('with its body gets a 408, and no job', async () => {
    const { port } = await serving({ headersTimeoutMs: 100, requestTimeoutMs: 200 });
    const head =
      'POST /api/v1/sessions/default/statements HTTP/1.1\r\nHost: localhost\r\n' +
      'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"kind":';
    const answer = parse(await rawExchange(port, head));
    expect([answer.status, answer.problem.code]).toEqual([408, 'REQUEST_TIMEOUT']);
  });
});

describe('a client that goes away', () => {
  it('while its statement is waited for cancels nothing', async () => {
    let release = (): void => {};
    const waiting = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = (): void => {};
    const reached = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const { port, lines } = await serving(
      {},
      standIns({
        jobs: {
          submit: async () => ({ job: aRunningJob(), replayed: false }),
          awaitEnd: async () => {
            asked();
            await waiting;
            return aJob();
          },
        },
      }),
    );
    const body = '{"kind":"sql","code":"SELECT 1"}';
    const socket = connect(port, '127.0.0.1');
    socket.write(
      'POST /api/v1/sessions/default/statements HTTP/1.1\r\nHost: localhost\r\n' +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await reached;
    socket.destroy();
    await once(socket, 'close');
    release();
    // jobs.cancel is not expected: the stand-in would have failed, and the log would say so.
    expect(lines.filter((line) => line.level === 50)).toEqual([]);
  });
});

describe('a server that stops', () => {
  const ask = (url: string, agent: Agent) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      get(url, { agent }, (response) => {
        response.resume();
        response.once('end', () => resolve(response));
      }).on('error', reject);
    });

  it('lets go of connections from the moment it drains', async () => {
    const draining = new AbortController();
    const { url } = await serving({ draining: draining.signal });
    const agent = new Agent({ keepAlive: true });
    expect((await ask(`${url}/api/v1/pools`, agent)).headers.connection).toBe('keep-alive');
    draining.abort();
    expect((await ask(`${url}/api/v1/pools`, agent)).headers.connection).toBe('close');
    agent.destroy();
  });

  it('does not wait for who only connected, or never finished to ask', async () => {
    const { port, app } = await serving();
    const sockets = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
    for (const socket of sockets) await once(socket, 'connect');
    sockets[1]?.write('GET /api/v1/pools HTTP/1.1\r\nHost: loc');
    // An answer to a third one: the server has seen the first two by then.
    await (await fetch(`http://127.0.0.1:${port}/api/v1/pools`)).text();
    const gone = sockets.map((socket) => once(socket, 'close'));
    await app.close();
    await Promise.all(gone);
  });

  it('answers calls that hold with what is known', async () => {
    let asked = (): void => {};
    const reached = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const { url, app } = await serving(
      {},
      standIns({
        jobs: {
          get: async () => aRunningJob(),
          awaitEnd: () => {
            asked();
            return new Promise(() => {});
          },
        },
      }),
    );
    const held = fetch(`${url}/api/v1/jobs/${aJob().id}?wait=10m`);
    await reached;
    await app.close();
    const answer = await held;
    expect([answer.status, ((await answer.json()) as { state: string }).state]).toEqual([
      200,
      'RUNNING',
    ]);
  });
});
