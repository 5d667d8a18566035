import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const SUPERVISE = resolve(import.meta.dirname, '../../bin/lib/supervise.sh');

/** What the tests need of a server: it says who it is, lives for a while, and hears signals. */
const ALIVE = `
import { write } from 'node:fs';
const tell = (line) => write(3, line + '\\n', () => {});
console.log('up after', JSON.stringify(process.env.LIBRA_LAST_END));
tell('alive');
const beat = setInterval(() => tell('alive'), 100);
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'libra-supervise-'));
  writeFileSync(join(folder, 'sweep.mjs'), "console.log('swept');");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const supervise = (server: string, env: Record<string, string> = {}) => {
  writeFileSync(join(folder, 'server.mjs'), ALIVE + server);
  const child = spawn(SUPERVISE, [join(folder, 'server.mjs'), join(folder, 'sweep.mjs')], {
    env: { PATH: process.env.PATH, LIBRA_RESTART_DELAY: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const run = { said: '', child, ended: once(child, 'close').then(([code]) => code as number) };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      run.said += data;
    });
  return run;
};
const count = (text: string, what: RegExp) => (text.match(what) ?? []).length;

describe('the supervisor', { timeout: 60_000 }, () => {
  it('ends with the server where that ended in order', async () => {
    const run = supervise('setTimeout(() => process.exit(0), 50);');
    expect(await run.ended).toBe(0);
    expect(run.said).toBe('up after ""\nswept\n');
  });

  it('ends with it where another start does not help, and leaves all as it is', async () => {
    const run = supervise('setTimeout(() => process.exit(78), 50);');
    expect(await run.ended).toBe(78);
    expect(run.said).toBe('up after ""\n');
  });

  it('ends a crash loop, each server told how the one before has ended', async () => {
    const run = supervise('setTimeout(() => process.exit(52), 50);', { LIBRA_RESTART_LIMIT: '3' });
    expect(await run.ended).toBe(52);
    expect(count(run.said, /up after/g)).toBe(3);
    expect(count(run.said, /up after "it exited with 52: out of memory"/g)).toBe(2);
    expect(count(run.said, /swept/g)).toBe(3);
    expect(run.said).toMatch(/ended 3 times.*not started again.*exited with 52/);
  });

  it('takes the word of the server for its cause, with what it has noted', async () => {
    const run = supervise(
      "tell('note it was hot'); tell('cause it is done'); setTimeout(() => process.exit(70), 200);",
      { LIBRA_RESTART_LIMIT: '2' },
    );
    expect(await run.ended).toBe(70);
    expect(run.said).toContain('up after "it is done; it was hot"');
  });

  it('passes each signal on once, and ends with what the server makes of it', async () => {
    const run = supervise(
      "for (const name of ['SIGTERM', 'SIGINT']) process.on(name, () => { console.log('got', name); if (name === 'SIGINT') process.exit(3); }); console.log('listens');",
    );
    await expect.poll(() => run.said, { timeout: 30_000 }).toContain('listens');
    run.child.kill('SIGTERM');
    await expect.poll(() => run.said, { timeout: 30_000 }).toContain('got SIGTERM');
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(3);
    expect(count(run.said, /got/g)).toBe(2);
  });

  it('ends at once while it waits for the next start', async () => {
    const run = supervise('setTimeout(() => process.exit(9), 50);', { LIBRA_RESTART_DELAY: '600' });
    await expect.poll(() => run.said, { timeout: 30_000 }).toContain('started again in 600 s');
    run.child.kill('SIGTERM');
    expect(await run.ended).toBe(9);
  });

  it('kills a server that stands still, unless it has said that it would', async () => {
    const still =
      'const stand = (ms) => { const until = Date.now() + ms; while (Date.now() < until); };';
    const run = supervise(`${still} setTimeout(() => stand(600_000), 300);`, {
      LIBRA_RESTART_LIMIT: '1',
      LIBRA_RESTART_SILENCE: '2',
    });
    expect(await run.ended).toBe(137);
    expect(run.said).toContain('did not answer for 2 s');
    const told = supervise(
      `${still} tell('wait 600'); setTimeout(() => { stand(4000); process.exit(0); }, 300);`,
      { LIBRA_RESTART_LIMIT: '1', LIBRA_RESTART_SILENCE: '2' },
    );
    expect(await told.ended).toBe(0);
  });

  it('refuses times that are none', async () => {
    const run = supervise('', { LIBRA_RESTART_SILENCE: 'soon' });
    expect(await run.ended).toBe(78);
    expect(run.said).toContain('"soon"');
  });
});
