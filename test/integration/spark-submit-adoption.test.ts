import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { isAlive, parseIdentity } from '../../src/processes/processes.ts';
import { processesNaming } from '../support/process-tree.ts';
import { type Program, SubmitFixture } from '../support/submit-fixture.ts';

/** Runs until a file is there, tells of each run in another, and answers with an exit code. */
const WAITS = `
import os, sys, time
go, ran, code = sys.argv[1:4]
with open(ran, 'a') as lines:
    lines.write('ran\\n')
print('ready', flush=True)
while not os.path.exists(go):
    time.sleep(0.02)
print('done')
sys.exit(int(code))
`;

describe('programs over a change of servers', () => {
  const fixture = new SubmitFixture();
  afterAll(() => fixture.close());
  let count = 0;

  const waiting = (exitCode = 0) => {
    count += 1;
    const go = join(fixture.folder, `go-${count}`);
    const ran = join(fixture.folder, `ran-${count}`);
    const program = fixture.pythonFile(WAITS, { args: [go, ran, String(exitCode)] });
    return {
      program,
      go: () => writeFileSync(go, ''),
      runs: () => readFileSync(ran, 'utf8').split('\n').length - 1,
    };
  };

  const startedOf = (program: Program) => {
    const text = readFileSync(join(fixture.workDir, program.id, '1', 'started'), 'utf8');
    const identity = parseIdentity(text);
    if (identity === null) throw new Error(text);
    return identity;
  };

  it('goes on with what runs, and knows how it ended', async () => {
    const { program, go, runs } = waiting(3);
    const first = fixture.executor();
    program.start(first);
    await program.shows('ready');
    await first.release();
    program.shown.stdout = '';
    program.start(fixture.executor());
    go();
    expect(await program.end()).toMatchObject({
      state: 'FAILED',
      error: { code: 'PROGRAM_EXITED', message: 'The program exited with 3' },
    });
    // The first server showed that; what comes while nobody looks is in the log alone.
    expect(program.shown.stdout).not.toContain('ready');
    expect(program.log('stdout')).toBe('ready\ndone\n');
    expect(program.outcomes).toHaveLength(1);
    expect(runs()).toBe(1);
  });

  it('knows the end of what ended while no server was there, more than once', async () => {
    const { program, go, runs } = waiting();
    const first = fixture.executor();
    program.start(first);
    await program.shows('ready');
    await first.release();
    const wrapper = startedOf(program);
    go();
    while (await isAlive(wrapper)) await sleep(20);
    expect(await program.start(fixture.executor()).text()).toBe('ready\ndone\n');
    // The store did not take it: the next server asks again.
    program.outcomes.length = 0;
    expect(await program.start(fixture.executor()).text()).toBe('ready\ndone\n');
    expect(runs()).toBe(1);
  });

  it('runs what its former server has prepared and not started', async () => {
    const { program, go, runs } = waiting();
    mkdirSync(join(fixture.workDir, program.id, '1', 'tmp'), { recursive: true });
    writeFileSync(
      join(fixture.workDir, program.id, '1', 'record.json'),
      JSON.stringify({ slot: 1, logStart: { stdout: 0, stderr: 0 }, cluster: null }),
    );
    go();
    expect(await program.start(fixture.executor()).text()).toBe('ready\ndone\n');
    expect(runs()).toBe(1);
  });

  it('runs a program once when two servers start it at the same time', async () => {
    const { program, go, runs } = waiting();
    program.start(fixture.executor());
    program.start(fixture.executor());
    await program.shows('ready');
    go();
    await program.end();
    while (program.outcomes.length < 2) await sleep(20);
    expect(program.outcomes.map(({ state }) => state)).toEqual(['SUCCESS', 'SUCCESS']);
    expect(runs()).toBe(1);
  });

  it('calls it lost when nobody can tell how it ended, and leaves nothing of it', async () => {
    const { program } = waiting();
    program.start(fixture.executor());
    await program.shows('ready');
    process.kill(startedOf(program).pid, 'SIGKILL');
    expect(await program.end()).toMatchObject({ state: 'LOST', error: { code: 'PROGRAM_DIED' } });
    expect(processesNaming(program.id)).toEqual([]);
  });

  it('says when the program was killed from outside', async () => {
    const { program } = waiting();
    program.start(fixture.executor());
    await program.shows('ready');
    const group = Number(readFileSync(join(fixture.workDir, program.id, '1', 'group'), 'utf8'));
    process.kill(-group, 'SIGKILL');
    expect(await program.end()).toMatchObject({
      state: 'FAILED',
      error: { code: 'PROGRAM_DIED', message: expect.stringContaining('SIGKILL') },
    });
  });

  it('never runs what was cancelled before it began', async () => {
    const { program } = waiting();
    const executor = fixture.executor();
    program.start(executor);
    executor.cancel(program.id);
    expect(await program.end()).toEqual({ state: 'CANCELLED', error: null });
    program.outcomes.length = 0;
    expect(await program.start(fixture.executor()).end()).toEqual({
      state: 'CANCELLED',
      error: null,
    });
    expect(processesNaming(program.id)).toEqual([]);
  });

  it('removes what no active job needs', async () => {
    const executor = fixture.executor();
    const jobs = readdirSync(fixture.workDir);
    expect(jobs.length).toBeGreaterThan(1);
    const [kept = ''] = jobs;
    await executor.sweep(new Set([kept]));
    expect(readdirSync(fixture.workDir)).toEqual([kept]);
    await executor.sweep(new Set());
    expect(existsSync(join(fixture.workDir, kept))).toBe(false);
  });
});
