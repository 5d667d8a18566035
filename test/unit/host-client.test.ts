import { describe, expect, it } from 'vitest';
import { HostClient } from '../../src/drivers/host-client.ts';
import { EMPTY_CONFIG } from '../support/driver-config.ts';

const READY = {
  event: 'ready',
  appId: 'app',
  sparkVersion: '4.0.1',
  scalaVersion: '2.13',
  javaVersion: '17',
  master: 'local',
  uiUrl: null,
  defaultParallelism: 2,
};

/** The other end of a way that the test can cut. */
const cutWay = () => {
  const sent: { request: string; requestId?: number; pools?: object[] }[] = [];
  const faults: string[] = [];
  let tell: (json: string) => void = () => {};
  let cut: (cause: string) => void = () => {};
  const client = new HostClient(
    {
      async open(onEvents, onClosed) {
        tell = onEvents;
        cut = onClosed;
      },
      send: (json) => sent.push(JSON.parse(json)),
    },
    (fault) => faults.push(fault),
  );
  const events = (...list: object[]) => tell(JSON.stringify(list));
  return {
    client,
    sent,
    faults,
    events,
    raw: (text: string) => tell(text),
    cut: (c: string) => cut(c),
  };
};

const isSent = async (sent: readonly { request: string }[], request: string) => {
  await expect.poll(() => sent.some((each) => each.request === request)).toBe(true);
};

describe('a client whose host goes away', () => {
  it('while it starts rejects the start and calls nothing lost', async () => {
    const { client, sent, cut } = cutWay();
    const lost: string[] = [];
    client.onContextLost((cause) => lost.push(cause));
    const start = client.start(EMPTY_CONFIG);
    await isSent(sent, 'start');
    cut('it died');
    await expect(start).rejects.toMatchObject({ name: 'DriverStartError', message: 'it died' });
    await expect(client.start(EMPTY_CONFIG)).rejects.toThrow('it died');
    expect(lost).toEqual([]);
  });

  it('when it was ready rejects what waits, tells of the loss once, and asks no more', async () => {
    const { client, sent, events, cut } = cutWay();
    const lost: string[] = [];
    client.onContextLost((cause) => lost.push(cause));
    const start = client.start(EMPTY_CONFIG);
    await isSent(sent, 'start');
    events(READY);
    expect(await start).toMatchObject({ appId: 'app' });
    const stats = client.stats();
    const ping = client.ping();
    cut('it died');
    cut('again');
    await expect(stats).rejects.toThrow('it died');
    await expect(ping).rejects.toThrow('it died');
    await expect(client.unmodifiableKeys([])).rejects.toThrow('it died');
    expect(lost).toEqual(['it died']);
    await client.stop();
    expect(sent.map(({ request }) => request)).toEqual(['start', 'stats', 'ping']);
  });

  it('while it stops has stopped', async () => {
    const { client, sent, events, cut } = cutWay();
    const lost: string[] = [];
    client.onContextLost((cause) => lost.push(cause));
    const start = client.start(EMPTY_CONFIG);
    await isSent(sent, 'start');
    events(READY);
    await start;
    const stop = client.stop();
    cut('it died');
    await stop;
    expect(lost).toEqual([]);
  });

  it('says what is no message', async () => {
    const { client, sent, faults, raw, events } = cutWay();
    const start = client.start(EMPTY_CONFIG);
    await isSent(sent, 'start');
    raw('}{');
    raw('{"event":"ready"}');
    raw('[{"event":"unheard"}]');
    expect(faults).toHaveLength(3);
    events(READY);
    await start;
  });
});

describe('the pools of a host', () => {
  const aPool = (name: string) => ({
    name,
    schedulingMode: 'FAIR' as const,
    weight: 0.5,
    minShare: 1,
    maxRunning: 3,
    source: 'API',
  });
  /** Quotas are no business of Spark. */
  const told = (name: string) => ({ name, schedulingMode: 'FAIR', weight: 0.5, minShare: 1 });

  it('that change before it has started come with the start', async () => {
    const { client, sent, events } = cutWay();
    await client.setPools([aPool('newer')]);
    expect(sent).toEqual([]);
    const start = client.start({ ...EMPTY_CONFIG, pools: [aPool('older')] });
    await client.setPools([aPool('newest')]);
    await isSent(sent, 'start');
    expect(sent[0]?.pools).toEqual([told('newest')]);
    events(READY);
    await start;
  });

  it('that change while it starts or runs are in force when it says so', async () => {
    const { client, sent, events } = cutWay();
    const start = client.start(EMPTY_CONFIG);
    await isSent(sent, 'start');
    let settled = false;
    const set = client.setPools([aPool('a')]).then(() => {
      settled = true;
    });
    expect(sent[1]).toMatchObject({ request: 'setPools', requestId: 1, pools: [told('a')] });
    events(READY);
    await start;
    expect(settled).toBe(false);
    events({ event: 'reply', requestId: 1, value: null, error: null });
    await set;
  });

  it('are nothing to a host that is gone', async () => {
    const { client, sent, events, cut } = cutWay();
    const start = client.start(EMPTY_CONFIG);
    await isSent(sent, 'start');
    events(READY);
    await start;
    const waiting = client.setPools([aPool('a')]);
    cut('it died');
    await expect(waiting).rejects.toThrow('it died');
    await client.setPools([aPool('b')]);
    expect(sent.map(({ request }) => request)).toEqual(['start', 'setPools']);
  });
});
