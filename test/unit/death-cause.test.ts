import { describe, expect, it } from 'vitest';
import { deathCause, lastLines, withComplaints } from '../../src/drivers/child/death-cause.ts';

const exited = (code: number) => ({ code, signal: null });
const by = (signal: NodeJS.Signals) => ({ code: null, signal });

describe('the cause of a death', () => {
  it.each([
    [exited(7), null, '', 'The driver process ended with exit code 7'],
    [exited(143), null, '', 'The driver process ended with exit code 143 (SIGTERM)'],
    [by('SIGSEGV'), null, '', 'The driver process was killed by SIGSEGV'],
    [
      by('SIGKILL'),
      'did not answer for 20 s',
      '',
      'The driver process did not answer for 20 s and was killed',
    ],
    [
      exited(3),
      null,
      'Terminating due to java.lang.OutOfMemoryError: Java heap space\n',
      'The driver process ran out of memory: Terminating due to java.lang.OutOfMemoryError: Java heap space (exit code 3)',
    ],
    [exited(3), null, '', 'The driver process ended with exit code 3'],
  ])('is told of %j, killed for %s', (exit, killedFor, log, first) => {
    expect(deathCause({ exit, killedFor, log }).split('\n')[0]).toBe(first);
  });

  it('says of a plain kill -9 that it may have been the system', () => {
    expect(deathCause({ exit: by('SIGKILL'), killedFor: null, log: '' })).toMatch(
      /killed by SIGKILL: .*memory/,
    );
  });

  it('does not take the words of a program for the end of its JVM', () => {
    const log = 'Terminating due to java.lang.OutOfMemoryError: said somebody\n';
    const cause = deathCause({ exit: exited(1), killedFor: null, log });
    expect(cause).toContain('exit code 1');
    expect(cause).not.toContain('ran out of memory');
  });

  it('ends with some lines of the log, none of a stack trace, none long', () => {
    const log = [
      ...Array.from({ length: 50 }, (_, i) => `line ${i}`),
      'java.lang.IllegalStateException: why',
      '\tat a.B.c(B.java:1)',
      '\t... 12 more',
      'x'.repeat(1000),
      '',
    ].join('\n');
    const cause = deathCause({ exit: exited(1), killedFor: null, log });
    expect(cause).toContain('\nline 49\njava.lang.IllegalStateException: why\n');
    expect(cause).not.toMatch(/\sat |12 more|line 40/);
    expect(cause.length).toBeLessThan(1000);
    expect(lastLines('', 3)).toEqual([]);
  });
});

describe('the reason of a failed start', () => {
  it('has the complaints of Spark once, and nothing of ours', () => {
    const log = [
      '25/01/01 10:00:00 INFO Other: fine',
      '25/01/01 10:00:01 WARN Client: Failed to connect to master h:1',
      '25/01/01 10:00:02 WARN Client: Failed to connect to master h:1',
      'org.apache.spark.SparkException: trace',
      '25/01/01 10:00:03 ERROR SparkSupervisor: Spark could not start',
    ].join('\n');
    expect(withComplaints('It failed', log)).toBe(
      'It failed\nIts log says:\nClient: Failed to connect to master h:1',
    );
    expect(withComplaints('It failed', '')).toBe('It failed');
  });
});
