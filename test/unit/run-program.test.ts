import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'libra-program-'));
  for (const name of ['work', 'logs']) mkdirSync(join(folder, name));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the script that runs a program', () => {
  it.skipIf(process.platform !== 'linux')('keeps nothing open of what the server has', async () => {
    const ours = openSync(resolve('package.json'), 'r');
    const look = 'readlink /proc/self/fd/* /proc/$$/fd/* /proc/$PPID/fd/*';
    const script = resolve('bin/lib/run-program.sh');
    const child = spawn(script, [folder, join(folder, 'logs'), '64', 'bash', '-c', look], {
      stdio: ['ignore', 'ignore', 'ignore', ours, ours],
    });
    await once(child, 'exit');
    closeSync(ours);
    const open = readFileSync(join(folder, 'logs', 'stdout.log'), 'utf8');
    expect(open).toContain('/dev/null');
    expect(open).not.toContain('package.json');
  });
});
