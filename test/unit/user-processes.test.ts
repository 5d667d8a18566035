import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { checkRunAs } from '../../src/drivers/child/run-as-check.ts';
import { UserIds } from '../../src/processes/user-ids.ts';
import {
  commandAs,
  endUser,
  processesOfUser,
  removeFilesOf,
} from '../../src/processes/user-processes.ts';
import { childPlace } from '../support/child-fixture.ts';

const UID = 61_211;
const isRoot = process.getuid?.() === 0;

afterEach(async () => {
  if (isRoot) await endUser(UID);
});

/** Answers when the script has said so. */
const run = async (script: string): Promise<string> => {
  const [program = '', ...args] = commandAs(UID);
  const child = spawn(program, [...args, 'bash', '-c', script], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [said] = await once(child.stdout, 'data');
  return String(said).trim();
};

describe.runIf(isRoot)('what runs as a user', () => {
  it('is that user alone, and stays it', async () => {
    expect(await run('echo "$(id -u; id -g; id -G; grep NoNewPrivs /proc/self/status)"')).toBe(
      `${UID}\n${UID}\n${UID}\nNoNewPrivs:\t1`,
    );
  });

  it('ends altogether, what forks all the time included', { timeout: 60_000 }, async () => {
    // Each lives for a moment, and has the next one made by then.
    await run(`setsid env -i sleep 1000 & trap '' TERM HUP
      hop() { (sleep 0.01; hop) & exit; }
      (hop) & echo started`);
    expect((await processesOfUser(UID)).length).toBeGreaterThan(0);
    await endUser(UID);
    for (let look = 0; look < 5; look += 1) expect(await processesOfUser(UID)).toEqual([]);
  });

  it('leaves no file where everybody may leave some', { timeout: 60_000 }, async () => {
    const others = mkdtempSync(join(tmpdir(), 'libra-others-'));
    const made = await run(
      'folder=$(mktemp -d /tmp/libra-left-XXXXXX); ln -s /etc "$folder/x"; echo "$folder"',
    );
    expect(statSync(made).uid).toBe(UID);
    await endUser(UID);
    await removeFilesOf(UID);
    expect([existsSync(made), existsSync(others), existsSync('/etc/passwd')]).toEqual([
      false,
      true,
      true,
    ]);
    rmSync(others, { recursive: true });
  });

  it('keeps a server from giving the id to drivers', { timeout: 60_000 }, async () => {
    const pid = await run('echo $$; sleep 1000');
    const { folder, maker: _, ...place } = childPlace();
    await expect(
      checkRunAs({ options: place.options, ids: [UID - 1, UID], python: null }),
    ).rejects.toThrow(`libra.session.run-as: process ${pid} runs as user ${UID} already`);
    rmSync(folder, { recursive: true, force: true });
  });
});

describe('ids of users', () => {
  it('are with one at a time, and wait where all are taken', async () => {
    const ids = new UserIds([7, 8]);
    expect([await ids.take(), await ids.take(), ids.count]).toEqual([7, 8, 2]);
    const third = ids.take();
    const fourth = ids.take();
    ids.give(8);
    ids.give(7);
    expect([await third, await fourth]).toEqual([8, 7]);
    ids.give(7);
    ids.give(8);
    expect(await ids.take()).toBe(7);
  });
});
