import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { processesNaming } from '../support/process-tree.ts';
import { SubmitFixture } from '../support/submit-fixture.ts';

describe('the end of programs', () => {
  const fixture = new SubmitFixture();
  afterAll(() => fixture.close());

  it('asks first: a program may tidy up', async () => {
    const tidied = join(fixture.folder, 'tidied');
    const executor = fixture.executor({ killGraceMs: 60_000 });
    const program = fixture
      .pythonFile(
        `
import signal, sys, time
def tidy(*_):
    open(sys.argv[1], 'w').write('by itself')
    sys.exit(0)
signal.signal(signal.SIGTERM, tidy)
print('ready', flush=True)
while True:
    time.sleep(0.02)
`,
        { args: [tidied] },
      )
      .start(executor);
    await program.shows('ready');
    executor.cancel(program.id);
    expect(await program.end()).toEqual({ state: 'CANCELLED', error: null });
    expect(statSync(tidied).size).toBe(9);
    expect(processesNaming(program.id)).toEqual([]);
  });

  it('then kills: the program, its children, and daemons that have left its session', async () => {
    const executor = fixture.executor({ killGraceMs: 100 });
    const program = fixture
      .pythonFile(
        `
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(['sleep', '1000'], preexec_fn=lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN))
subprocess.Popen(['sleep', '1001'], start_new_session=True, stdout=subprocess.DEVNULL)
if os.fork() == 0:
    if os.fork() == 0:
        time.sleep(1002)
    os._exit(0)
print('ready', flush=True)
while True:
    time.sleep(0.02)
`,
      )
      .start(executor);
    await program.shows('ready');
    expect(processesNaming(program.id).length).toBeGreaterThan(4);
    executor.cancel(program.id);
    expect(await program.end()).toEqual({ state: 'CANCELLED', error: null });
    expect(processesNaming(program.id)).toEqual([]);
  });

  it('leaves nothing of a program that succeeds and leaves a daemon', async () => {
    const program = fixture
      .pythonFile(
        `
import subprocess
subprocess.Popen(['sleep', '1003'], start_new_session=True)
print('done')
`,
      )
      .start(fixture.executor());
    expect(await program.text()).toBe('done\n');
    expect(processesNaming(program.id)).toEqual([]);
  });

  it('keeps so much of the output and no more, and lets the program go on', async () => {
    const program = fixture.pythonFile(`
import sys
for _ in range(3000):
    sys.stdout.write('x' * 1023 + '\\n')
print('the end', flush=True)
sys.exit(4)
`);
    program.maxLogBytes = 256 * 1024;
    expect(await program.start(fixture.executor()).end()).toMatchObject({
      error: { message: expect.stringMatching(/^The program exited with 4/) },
    });
    const log = program.log('stdout');
    expect(log.length).toBeLessThan(256 * 1024 + 100);
    expect(log).toMatch(/xxx\n\n\[the output ends here: more than 262144 bytes are not kept\]\n$/);
  });

  it('shows the first mebibyte as the result', async () => {
    const program = fixture.pythonFile(`print('ж' * 700_000)`);
    program.maxLogBytes = 4 * 1024 * 1024;
    const outcome = await program.start(fixture.executor()).end();
    expect(outcome).toMatchObject({ state: 'SUCCESS', result: { truncated: true } });
    expect(outcome.state === 'SUCCESS' && outcome.result.text).toBe('ж'.repeat(512 * 1024));
  });

  it('says why a program could not be started', async () => {
    const args = ['a\rb'];
    expect(await fixture.pythonFile('', { args }).start(fixture.executor()).end()).toMatchObject({
      state: 'FAILED',
      error: {
        code: 'PROGRAM_NOT_STARTED',
        message:
          'The program could not be started: spark-submit drops carriage returns from arguments',
      },
    });
    const sparkConfig = { 'spark.master': 'yarn', 'spark.submit.deployMode': 'cluster' };
    expect(
      await fixture.pythonFile('', { sparkConfig }).start(fixture.executor()).end(),
    ).toMatchObject({ error: { code: 'PROGRAM_NOT_STARTED' } });
  });
});
