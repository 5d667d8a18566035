import { beforeAll, describe, expect, it } from 'vitest';
import type { DriverJob } from '../../src/drivers/driver.ts';
import { HOSTS } from '../support/hosts.ts';
import { failure, query, type RealDriver, submit } from '../support/real-driver.ts';

const PYTHON = { kind: 'python' } as const;

for (const host of HOSTS) {
  describe(`python on the ${host.name} driver`, () => {
    let real: RealDriver;
    beforeAll(async () => {
      real = await host.open();
    });
    const run = (code: string, options: Partial<DriverJob> = {}) =>
      query(real, code, { ...PYTHON, ...options });
    const fail = (code: string, options: Partial<DriverJob> = {}) =>
      failure(real, code, { ...PYTHON, ...options });

    it('answers with what the code printed', async () => {
      const result = await run('print("Zürich", 1)\nprint(spark.range(100).count())');
      expect(result).toEqual({
        text: 'Zürich 1\n100\n',
        columns: null,
        rowCount: null,
        truncated: false,
        complete: true,
        byteCount: 0,
      });
    });

    it('tells of an exception without frames of its own', async () => {
      const error = await fail('def half(x):\n    return x / 0\n\nhalf(1)');
      expect(error).toMatchObject({ code: 'PROGRAM_FAILED', retryable: false });
      expect(error.message).toMatch(/^ZeroDivisionError: division by zero\n\nTraceback/);
      expect(error.message).toContain('File "<statement>", line 4, in <module>\n    half(1)');
      expect(error.message).not.toContain('libra_runner');
    });

    it('places what does not parse', async () => {
      expect(await fail('x = 1\ndef f(:\n  pass')).toMatchObject({
        code: 'PROGRAM_SYNTAX',
        position: { line: 2, column: 7, fragment: 'def f(:' },
      });
    });
  });
}
