import { describe, expect, it } from 'vitest';
import { testApp } from '../support/http-app.ts';
import { acceptingAll, standIns } from '../support/http-services.ts';

const statusFor = async (headers: Record<string, string>, allowedHosts: readonly string[] = []) => {
  const t = testApp(standIns(), { allowedHosts });
  const answer = await t.app.inject({ url: '/api/v1/pools', headers });
  if (answer.statusCode !== 200) {
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'HOST_NOT_ALLOWED']);
  }
  expect(t.contractFaults).toEqual([]);
  return answer.statusCode;
};

describe('without tokens, the Host', () => {
  it.each([
    ['localhost', 200],
    ['localhost:8080', 200],
    ['LOCALHOST:8080', 200],
    ['localhost.:8080', 200],
    ['127.0.0.1:8080', 200],
    ['127.8.9.10', 200],
    ['[::1]:8080', 200],
    ['rebound.example', 403],
    ['rebound.example:8080', 403],
    ['localhost.rebound.example', 403],
    ['127.0.0.1.rebound.example', 403],
    ['10.0.0.1', 403],
    ['0.0.0.0', 403],
    ['user@localhost', 403],
    ['localhost:x', 403],
  ])('%j is %i', async (host, status) => {
    expect(await statusFor({ host })).toBe(status);
  });

  it.each([
    ['libra.example.org', 200],
    ['Libra.Example.org:443', 200],
    ['other.example.org:9000', 200],
    ['other.example.org:9001', 403],
    ['other.example.org', 403],
    ['x.libra.example.org', 403],
  ])('%s is %i when some are listed', async (host, status) => {
    const listed = ['libra.example.org', 'other.example.org:9000'];
    expect(await statusFor({ host }, listed)).toBe(status);
  });

  it('may be anything for health, which then tells the status alone', async () => {
    const { app } = testApp(standIns());
    const health = (host: string) => app.inject({ url: '/actuator/health', headers: { host } });
    expect((await health('10.1.2.3:8080')).json()).toEqual({ status: 'UP' });
    expect((await health('localhost')).json()).toHaveProperty('components');
  });
});

describe('without tokens, a page', () => {
  const host = 'localhost:8080';
  it.each([
    ['of the server itself', { origin: 'http://localhost:8080' }, 200],
    ['of another site', { origin: 'https://elsewhere.example' }, 403],
    ['of another port of this machine', { origin: 'http://localhost:3000' }, 403],
    ['of nowhere', { origin: 'null' }, 403],
    ['of a file', { origin: 'file://' }, 403],
    ['that hides its origin', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 403],
    ['of a neighbour', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }, 403],
    ['with a link', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, 200],
    ['typed in by hand', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }, 200],
  ])('%s', async (_what, headers, status) => {
    expect(await statusFor({ host, ...headers } as Record<string, string>)).toBe(status);
  });

  it('of a listed name is welcome, of this machine only with its port', async () => {
    const from = (origin: string, listed: string) => statusFor({ host, origin }, [listed]);
    expect(await from('https://libra.example.org', 'libra.example.org')).toBe(200);
    expect(await from('http://localhost:3000', 'localhost')).toBe(403);
    expect(await from('http://localhost:3000', 'localhost:3000')).toBe(200);
  });

  it('cannot run SQL through a form', async () => {
    const { services, submitted } = acceptingAll();
    const { app } = testApp(services);
    for (const headers of [
      { origin: 'https://elsewhere.example' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    ] as Record<string, string>[]) {
      const answer = await app.inject({
        method: 'POST',
        url: '/api/v1/sessions/default/statements',
        payload: '{"kind":"sql","code":"DROP TABLE t"}',
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded', host },
      });
      expect([answer.statusCode, answer.json().code]).toEqual([403, 'HOST_NOT_ALLOWED']);
    }
    expect(submitted).toEqual([]);
  });
});
