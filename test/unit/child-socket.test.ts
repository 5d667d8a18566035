import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChildSocket } from '../../src/drivers/child/child-transport.ts';
import { Lines } from '../../src/drivers/child/lines.ts';
import { systemClock } from '../../src/util/clock.ts';

const TOKEN = 'a-token-of-this-test';

describe('the socket of a child', () => {
  let folder: string;
  let path: string;
  let socket: ChildSocket;
  let clients: Socket[];
  let lines: string[];
  let closed: (string | null)[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'libra-socket-'));
    path = join(folder, 'socket');
    clients = [];
    // Of this test alone: the connections of the former one may still be closing.
    const heard: string[] = [];
    const ends: (string | null)[] = [];
    lines = heard;
    closed = ends;
    socket = await ChildSocket.listen({
      path,
      token: TOKEN,
      clock: systemClock,
      onLine: (line) => heard.push(line),
      onClosed: (fault) => ends.push(fault),
    });
  });
  afterEach(() => {
    for (const client of clients) client.destroy();
    socket.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const call = async (): Promise<Socket> => {
    const client = connect(path);
    client.on('error', () => {});
    clients.push(client);
    await once(client, 'connect');
    return client;
  };
  const ended = (client: Socket) => once(client, 'close');

  it('takes the one that shows the token, and whole lines whatever their pieces', async () => {
    const client = await call();
    const text = Buffer.from(`${TOKEN}\n["ä😀"]\n[2]\n[3`);
    // Through the middle of characters and of the token.
    for (let at = 0; at < text.length; at += 5) {
      client.write(text.subarray(at, at + 5));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await socket.connected;
    await expect.poll(() => lines).toEqual(['["ä😀"]', '[2]']);
    client.write(']\n');
    await expect.poll(() => lines.at(-1)).toBe('[3]');
    socket.send('{"request":"ping"}');
    expect(String((await once(client, 'data'))[0])).toBe('{"request":"ping"}\n');
  });

  it.each([
    ['a wrong token', 'another-token-of-test\n'],
    ['no token', '\n'],
    ['half of the token', `${TOKEN.slice(0, 8)}\n`],
    ['a token without an end', 'x'.repeat(5000)],
  ])('refuses %s, and still takes the right one', async (_, sent) => {
    const stranger = await call();
    stranger.resume();
    stranger.write(`${sent}`);
    await ended(stranger);
    expect(lines).toEqual([]);
    const client = await call();
    client.write(`${TOKEN}\n[1]\n`);
    await socket.connected;
    await expect.poll(() => lines).toEqual(['[1]']);
    expect(closed).toEqual([]);
  });

  it('refuses everybody once it has its child, the token or not', async () => {
    const waiting = await call();
    waiting.resume();
    const client = await call();
    client.write(`${TOKEN}\n`);
    await socket.connected;
    await ended(waiting);
    expect(existsSync(path)).toBe(false);
    const late = connect(path);
    const [error] = await once(late, 'error');
    expect((error as NodeJS.ErrnoException).code).toBe('ENOENT');
    expect(closed).toEqual([]);
  });

  it('says when the connection is over', async () => {
    const client = await call();
    client.write(`${TOKEN}\n`);
    await socket.connected;
    client.destroy();
    await expect.poll(() => closed).toEqual([null]);
    socket.send('nobody reads this');
  });

  it('knows that the child does not read, and that it does again', async () => {
    const client = await call();
    client.pause();
    client.write(`${TOKEN}\n`);
    await socket.connected;
    expect(socket.blockedSince).toBeNull();
    const line = 'x'.repeat(1 << 20);
    for (let sent = 0; sent < 8; sent += 1) socket.send(line);
    expect(socket.blockedSince).not.toBeNull();
    client.resume();
    await expect.poll(() => socket.blockedSince).toBeNull();
  });
});

describe('a stream in lines', () => {
  it('holds no more than the longest line', () => {
    const lines = new Lines(4);
    expect(lines.take(Buffer.from('abc'))).toEqual([]);
    expect(lines.take(Buffer.from('d\nab'))).toEqual(['abcd']);
    expect(lines.take(Buffer.from('cde'))).toBeNull();
    expect(new Lines(4).take(Buffer.from('abcde\n'))).toBeNull();
  });
});
