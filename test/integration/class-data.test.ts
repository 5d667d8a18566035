import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { driverProcesses } from '../support/driver-processes.ts';
import { processesNaming } from '../support/process-tree.ts';
import { ServerProcess } from '../support/server-process.ts';

const mapped = (pid: number): readonly string[] => [
  ...new Set(readFileSync(`/proc/${pid}/maps`, 'utf8').match(/\S+\/archives\/\S+\.jsa$/gm) ?? []),
];

const environment = (archives: string) => ({
  ...process.env,
  LIBRA_SETUP: 'skip',
  LIBRA_DRIVER_CLASS_DATA: archives,
});

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((done) => setTimeout(done, 50));
};

describe('class data', () => {
  let folder: string;
  let server: ServerProcess;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'libra-class-data-'));
    const making = spawn('bin/libra', ['class-data'], {
      env: environment(join(folder, 'archives')),
      stdio: 'ignore',
    });
    expect((await once(making, 'exit'))[0]).toBe(0);
    server = await ServerProcess.start({
      env: { LIBRA_DRIVER_CLASS_DATA: join(folder, 'archives') },
    });
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is one archive for each host of drivers', () => {
    const names = readdirSync(join(folder, 'archives')).sort();
    expect(names).toEqual([
      expect.stringMatching(/^child-[0-9a-f]{16}\.jsa$/),
      expect.stringMatching(/^embedded-[0-9a-f]{16}\.jsa$/),
      'node-java.jar',
    ]);
  });

  it('is mapped by the server and by the drivers beside it', async () => {
    expect(mapped(server.pid)).toEqual([expect.stringContaining('/embedded-')]);
    const api = new ApiClient(server.url);
    await api.call('POST', '/api/v1/sessions', { sessionId: 'own', mode: 'ISOLATED' });
    const { body } = await api.sql('SELECT 7', { wait: '2m' }, 'own');
    expect(body.result).toContain('[7]');
    const jvm = driverProcesses(server.dataDir).find(({ isJvm }) => isJvm);
    expect(mapped(jvm?.pid ?? 0)).toEqual([expect.stringContaining('/child-')]);
  });

  it('leaves nothing behind when whoever makes it ends', async () => {
    const other = join(folder, 'other');
    const shell = spawn('sh', ['-c', 'bin/libra class-data & wait'], {
      env: { ...environment(other), TMPDIR: folder },
      stdio: 'ignore',
    });
    await until(() => existsSync(join(other, 'node-java.jar')));
    await until(() => processesNaming('record-class-data').length > 0);
    shell.kill('SIGKILL');
    await until(() => processesNaming('record-class-data').length === 0);
    await until(() => processesNaming('dist/cli/class-data.js').length === 0);
    await until(() => readdirSync(folder).length === 2);
    expect(readdirSync(other)).toEqual(['node-java.jar']);
  });
});
