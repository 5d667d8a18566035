import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job.ts';
import { parseProperties } from '../../src/drivers/in-process/java-properties.ts';
import { outcomeOfExit } from '../../src/executors/spark-submit/program-outcome.ts';
import { programSettings, restMaster } from '../../src/executors/spark-submit/program-settings.ts';
import { submissionIn } from '../../src/executors/spark-submit/standalone-master.ts';
import { LogTail, readHead, readTail } from '../../src/processes/log-tail.ts';
import { PortSlots } from '../../src/processes/port-slots.ts';
import { propertiesText } from '../../src/processes/properties-text.ts';
import { aRequest } from '../support/job-request.ts';

describe('ports of programs', () => {
  it('differ while programs run, lie in the range with every retry, and are given again', () => {
    const slots = new PortSlots({ first: 41_000, last: 41_029 });
    const first = slots.take();
    const second = slots.take();
    for (const { driver, blockManager, ui, retries } of [first, second]) {
      expect(new Set([driver, blockManager, ui]).size).toBe(3);
      expect(Math.min(driver, blockManager, ui)).toBeGreaterThanOrEqual(41_000);
      expect(Math.max(driver, blockManager, ui) + retries).toBeLessThanOrEqual(41_029);
    }
    expect(first.ui + first.retries).toBeLessThan(second.driver);
    slots.give(first.slot);
    expect(slots.take()).toEqual(first);
  });

  it('are those of before for a program that is taken up', () => {
    const slots = new PortSlots({ first: 41_000, last: 41_999 });
    expect(slots.take(7).slot).toBe(7);
    expect(slots.take().slot).toBe(0);
    // The range was larger once.
    expect(slots.take(5000).slot).toBe(1);
  });

  it('are found in the smallest of ranges', () => {
    const { driver, blockManager, ui, retries } = new PortSlots({ first: 5000, last: 5001 }).take();
    expect([driver, blockManager, ui, retries]).toEqual([5000, 5001, 5001, 0]);
  });
});

describe('settings of programs', () => {
  const job = { id: 'the-job' } as Job;
  const place = {
    server: {
      'spark.master': 'local[2]',
      'spark.driver.host': 'server',
      'spark.driver.port': '7078',
      'spark.driver.bindAddress': 'server',
      'spark.driver.blockManager.port': '7079',
      'spark.ui.port': '4040',
      'spark.app.id': 'server',
      'spark.app.name': 'libra',
      'spark.extraListeners': 'org.example.Theirs',
      'spark.sql.shuffle.partitions': '7',
    },
    ports: new PortSlots({ first: 41_000, last: 41_999 }).take(),
    redactionPattern: 'hidden',
    localIp: null,
    listenerJar: '/libra.jar',
    folder: '/programs/the-job/1',
  };
  const settingsOf = (sparkConfig: Record<string, string>, server = {}) =>
    programSettings(
      { job, request: aRequest({ kind: 'jar', pool: 'heavy', sparkConfig }) },
      { ...place, server: { ...place.server, ...server } },
    );

  it('come from the server, but for what is about its own driver', () => {
    expect(settingsOf({})).toMatchObject({
      'spark.master': 'local[2]',
      'spark.sql.shuffle.partitions': '7',
      'spark.app.name': 'the-job',
      'spark.driver.host': '127.0.0.1',
      'spark.driver.bindAddress': '127.0.0.1',
      'spark.driver.port': '41000',
      'spark.driver.blockManager.port': '41001',
      'spark.ui.port': '41002',
      'spark.redaction.regex': '(?i)hidden',
      'spark.libra.pool': 'heavy',
      'spark.extraListeners': 'org.example.Theirs,com.whereq.libra.program.ProgramListener',
    });
    expect(settingsOf({})).not.toHaveProperty(['spark.app.id']);
  });

  it('come from the job before all others', () => {
    const own = {
      'spark.sql.shuffle.partitions': '9',
      'spark.app.name': 'own',
      'spark.ui.port': '1',
    };
    expect(settingsOf(own)).toMatchObject(own);
  });

  it('leave the address of the driver to Spark where workers have to reach it', () => {
    const settings = settingsOf({}, { 'spark.master': 'spark://master:7077' });
    expect(settings).not.toHaveProperty(['spark.driver.host']);
    expect(settings).not.toHaveProperty(['spark.driver.bindAddress']);
  });

  it('name nothing of this machine where the driver is on the cluster', () => {
    const settings = settingsOf(
      { 'spark.submit.deployMode': 'cluster' },
      { 'spark.master': 'spark://one:7077,two:7077', 'spark.extraListeners': '' },
    );
    expect(settings['spark.master']).toBe('spark://one:6066,two:6066');
    expect(JSON.stringify(settings)).not.toMatch(/programs|libra\.jar|ProgramListener|410\d\d/);
  });

  it('know the REST server of a standalone master alone', () => {
    expect(restMaster('spark://one:7077', '7000')).toBe('spark://one:7000');
    expect(restMaster('yarn', undefined)).toBeNull();
  });

  it('are read by Java as they were', () => {
    const odd = {
      'spark.a': ' leading, = : # ! \\ back',
      'spark.b c=d': 'ж→😀',
      'spark.e': '',
      'spark.f': 'tab\tand ${other} "quotes"',
    };
    const text = propertiesText(odd);
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    expect(Object.fromEntries(parseProperties(text))).toEqual(odd);
  });
});

describe('what programs print', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'libra-submit-unit-'));
    file = join(folder, 'log');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is shown once, whole characters at a time', async () => {
    const shown: string[] = [];
    const bytes = Buffer.from('aж→😀');
    const tail = new LogTail(file, 0, (text) => shown.push(text));
    await tail.advance();
    for (let length = 1; length <= bytes.length; length++) {
      writeFileSync(file, bytes.subarray(0, length));
      await tail.advance();
    }
    expect(shown).toEqual(['a', 'ж', '→', '😀']);
  });

  it('is skipped by followers where it comes too fast', async () => {
    const shown: string[] = [];
    writeFileSync(file, `${'x'.repeat(1024 * 1024)}the end`);
    await new LogTail(file, 0, (text) => shown.push(text)).advance();
    expect(shown.join('')).toMatch(/^\n\[\d+ bytes are not shown here[^\]]*\]\nx+the end$/);
    expect(shown.join('').length).toBeLessThan(70_000);
  });

  it('is read in parts', async () => {
    writeFileSync(file, 'former ж now');
    expect(await readHead(file, 7, 1)).toEqual({ text: '', whole: false });
    expect(await readHead(file, 7, 100)).toEqual({ text: 'ж now', whole: true });
    expect(await readTail(file, 10, 2)).toBe('ow');
    expect(await readHead(join(folder, 'none'), 0, 10)).toEqual({ text: '', whole: true });
  });

  const outcome = (exitCode: number, stderr: string, stdout = '') => {
    const output = { stdout: join(folder, 'stdout'), stderr: join(folder, 'stderr') };
    writeFileSync(output.stdout, stdout);
    writeFileSync(output.stderr, `Error: Failed to load class of.a.former.Attempt.\n${stderr}`);
    const start = { stdout: 0, stderr: 49 };
    return outcomeOfExit({
      exitCode,
      output: { ...output, start },
      location: '/the.jar',
      failure: null,
    });
  };
  const told = async (exitCode: number, stderr: string, stdout = '') => {
    const { state, ...rest } = await outcome(exitCode, stderr, stdout);
    expect(state).toBe('FAILED');
    const error = 'error' in rest ? rest.error : null;
    return `${error?.code}: ${error?.message}`;
  };

  it('tells how a program ended', async () => {
    expect(await told(3, '')).toBe('PROGRAM_EXITED: The program exited with 3');
    expect(await told(101, 'Error: Failed to load class a.B.\n')).toBe(
      'MAIN_NOT_FOUND: There is no class a.B in /the.jar',
    );
    expect(await told(101, '')).toBe('PROGRAM_EXITED: The program exited with 101');
    expect(await told(1, 'Error: No main class set in JAR; please specify one with --class.')).toBe(
      'MAIN_NOT_FOUND: The manifest of /the.jar names no main class: send it as mainClass',
    );
    expect(await told(126, 'java: Argument list too long')).toBe(
      'PROGRAM_NOT_STARTED: spark-submit could not run\n\njava: Argument list too long',
    );
    expect(await told(139, '')).toBe('PROGRAM_DIED: The program died of SIGSEGV');
    expect(await outcome(137, '')).toMatchObject({
      error: { code: 'PROGRAM_DIED', hint: expect.stringContaining('memory') },
    });
    const trace = 'Traceback (most recent call last):\n  File "x.py", line 1\nKeyError: 1';
    const log = '25/01/01 10:00:00 WARN Utils: something\n';
    expect(await told(1, log, `some output\n${trace}\n`)).toBe(
      `PROGRAM_EXITED: The program exited with 1\n\n${trace}`,
    );
    expect(await told(2, `${log}usage: x\n`)).toBe(
      'PROGRAM_EXITED: The program exited with 2\n\nusage: x',
    );
  });

  it('tells which driver a cluster has made', () => {
    expect(submissionIn('{\n  "submissionId" : "driver-2025-0001",\n')).toBe('driver-2025-0001');
    expect(submissionIn('nothing')).toBeNull();
  });
});
