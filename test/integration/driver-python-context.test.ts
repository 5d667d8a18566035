import { beforeAll, describe, expect, it } from 'vitest';
import type { DriverJob } from '../../src/drivers/driver.ts';
import { HOSTS } from '../support/hosts.ts';
import { failure, query, type RealDriver, submit } from '../support/real-driver.ts';

for (const host of HOSTS) {
  describe(`python in a context of the ${host.name} driver`, () => {
    let real: RealDriver;
    let session: string;
    let sessions = 0;
    beforeAll(async () => {
      real = await host.open();
    });
    const options = (context: string, more: Partial<DriverJob>): Partial<DriverJob> => ({
      kind: 'python',
      sessionId: session,
      context,
      ...more,
    });
    const start = (context: string, code: string, more: Partial<DriverJob> = {}) =>
      submit(real, code, options(context, more));
    const text = async (context: string, code: string, more: Partial<DriverJob> = {}) =>
      (await query(real, code, options(context, more))).text;
    const fail = (context: string, code: string, more: Partial<DriverJob> = {}) =>
      failure(real, code, options(context, more));

    /** Contexts of one test are no other's, and are gone with its session. */
    const inSession = (name: string, body: () => Promise<void>) =>
      it(name, async () => {
        sessions += 1;
        session = `py-context-${process.pid}-${sessions}`;
        await real.driver.openSession(session, {});
        try {
          await body();
        } finally {
          await real.driver.closeSession(session);
        }
      });

    inSession(
      'keeps names, functions, imports and views from one statement to the next',
      async () => {
        await text('a', 'import math\nx = 40\ndef plus(n): return x + n');
        await text('a', 'spark.range(3).createOrReplaceTempView("three")');
        expect(
          await text('a', 'print(plus(2), math.floor(1.5), spark.table("three").count())'),
        ).toBe('42 1 3\n');
        const udf =
          'from pyspark.sql.functions import udf\nprint(spark.range(2).select(udf(plus, "long")("id")).collect()[1][0])';
        expect(await text('a', udf)).toBe('41\n');
        expect((await fail('b', 'x')).message).toMatch(/^NameError/);
      },
    );

    inSession('stays one process, whatever the code forks', async () => {
      const fork =
        'import os\nmine = os.fork() > 0\nprint("parent" if mine else "child", flush=True)\nif mine: os.wait()';
      expect((await text('a', fork)).split('\n').sort()).toEqual(['', 'child', 'parent']);
      for (let n = 0; n < 4; n++) expect(await text('a', 'mine')).toBe('True\n');
    });

    inSession('shows the value of a last expression as a notebook does', async () => {
      expect(await text('a', '1 + 1')).toBe('2\n');
      expect(await text('a', '"text"')).toBe("'text'\n");
      expect(await text('a', 'None')).toBe('');
      expect(await text('a', 'x = 1')).toBe('');
      expect(await text('a', 'print("p")\nx')).toBe('p\n1\n');
      expect(await text('a', '_ + 1')).toBe('2\n');
      expect(await text('a', 'spark.range(2)')).toBe('DataFrame[id: bigint]\n');
      const eager = { settings: { 'spark.sql.repl.eagerEval.enabled': 'true' } };
      expect(await text('a', 'spark.range(1)', eager)).toContain('|  0|');
      expect(await text('a', '')).toBe('');
    });

    inSession('keeps its state over exceptions, faults of syntax and sys.exit', async () => {
      await text('a', 'x = 1');
      const error = await fail('a', 'x = 2\n1/0');
      expect(error.message).toContain('File "<statement 2>", line 2');
      expect(error.message).not.toContain('libra_runner');
      expect(await fail('a', 'x = 3\ndef f(:')).toMatchObject({
        code: 'PROGRAM_SYNTAX',
        position: { line: 2, column: 7, fragment: 'def f(:' },
      });
      expect(await fail('a', 'import sys\nsys.exit(3)')).toMatchObject({ code: 'PROGRAM_EXITED' });
      await text('a', 'sys.exit(0)');
      expect(await text('a', 'x')).toBe('2\n');
    });

    inSession('gives each statement its own place in Spark, output and settings', async () => {
      const place =
        'print(sc.getLocalProperty("spark.scheduler.pool"), sc.getLocalProperty("spark.job.description"), len(sc.getJobTags()))';
      expect(await text('a', place, { description: 'one' })).toBe('default one 1\n');
      const pool =
        'from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(1)';
      await text('a', `${pool}\npool.submit(lambda: spark.range(1).count()).result()`);
      const second = { pool: 'low-priority', description: 'two' };
      expect(await text('a', place, second)).toBe('low-priority two 1\n');
      const onThread = `print(pool.submit(lambda: (sc.getLocalProperty("spark.scheduler.pool"), len(sc.getJobTags()))).result())`;
      expect(await text('a', onThread, second)).toBe("('low-priority', 1)\n");

      const key = 'spark.sql.shuffle.partitions';
      const read = `spark.conf.get("${key}")`;
      expect(await text('a', read, { settings: { [key]: '9' } })).toBe("'9'\n");
      expect(await text('a', read)).toBe("'4'\n");
      const shown = await query(real, 'display(spark.range(2))', options('a', {}));
      expect(shown.rowCount).toBe(2);
      expect((await query(real, '1', options('a', {}))).rowCount).toBeNull();
    });

    inSession('outlives a cancel that the code obeys', async () => {
      await text('a', 'x = 7');
      for (const code of [
        'print("on")\nwhile True: pass',
        'import time\nprint("on")\ntime.sleep(600)',
        'import time\nprint("on")\nsc.parallelize([1], 1).foreach(lambda _: time.sleep(600))',
        'print("on")\nspark._jvm.java.lang.Thread.sleep(600000)',
      ]) {
        const job = start('a', code);
        await expect.poll(() => job.streams.stdout.join('')).toBe('on\n');
        job.cancel();
        expect((await job.ended).end).toBe('cancelled');
        expect(await text('a', 'print(x, spark.range(3).count())')).toBe('7 3\n');
      }
    });

    inSession('starts anew after a cancel that the code does not obey, and says so', async () => {
      await text('a', 'x = 7');
      const job = start(
        'a',
        'import time\nprint("on")\nwhile True:\n    try: time.sleep(1)\n    except BaseException: pass',
      );
      await expect.poll(() => job.streams.stdout.join('')).toBe('on\n');
      job.cancel();
      expect((await job.ended).end).toBe('cancelled');
      const next = start('a', 'print("x" in globals())');
      expect(await next.ended).toMatchObject({ end: 'succeeded', result: { text: 'False\n' } });
      expect(next.streams.stderr.join('')).toContain('starts anew');
    });

    inSession('starts anew after its process has died', async () => {
      expect(await fail('a', 'import os\nos.abort()')).toMatchObject({ code: 'PROGRAM_DIED' });
      const next = start('a', '2');
      expect(await next.ended).toMatchObject({ end: 'succeeded', result: { text: '2\n' } });
      expect(next.streams.stderr.join('')).toContain('starts anew');
      expect(start('a', '2').streams.stderr).toEqual([]);
    });

    inSession('may leave a thread running, which disturbs nobody', async () => {
      const code = [
        'import threading, time',
        'stop = False',
        'def chatter():',
        '    while not stop:',
        '        print("chat")',
        '        time.sleep(0.02)',
        'threading.Thread(target=chatter).start()',
        'print("said")',
      ].join('\n');
      expect(await text('a', code)).toContain('said\n');
      expect(await text('a', 'import time\ntime.sleep(0.1)\nprint("more")')).toContain('more\n');
      await text('a', 'stop = True');
    });

    inSession('gives way to others when it has been idle for longest', async () => {
      for (const name of ['a', 'b', 'c']) await text(name, `x = "${name}"`);
      expect(await text('a', 'x')).toBe("'a'\n");
      expect(await text('d', '"d"')).toBe("'d'\n");
      expect(await text('a', 'x')).toBe("'a'\n");
      const gone = start('b', 'print("x" in globals())');
      expect(await gone.ended).toMatchObject({ result: { text: 'False\n' } });
      expect(gone.streams.stderr.join('')).toContain('least recently used');
    });

    inSession('never gives way while it works', async () => {
      const busy = ['a', 'b', 'c'].map((name) =>
        start(name, 'import time\nprint("on")\ntime.sleep(600)'),
      );
      for (const job of busy) await expect.poll(() => job.streams.stdout.join('')).toBe('on\n');
      expect(await fail('d', '1')).toMatchObject({
        code: 'PROGRAM_NOT_STARTED',
        message: 'All 3 contexts of the driver are busy',
      });
      for (const job of busy) job.cancel();
      for (const job of busy) expect((await job.ended).end).toBe('cancelled');
    });

    it('ends with its session', async () => {
      session = `py-context-${process.pid}-closing`;
      await real.driver.openSession(session, {});
      const pid = Number(await text('a', 'import os\nos.getpid()'));
      process.kill(pid, 0);
      await real.driver.closeSession(session);
      const isGone = () => {
        try {
          return !process.kill(pid, 0);
        } catch {
          return true;
        }
      };
      await expect.poll(isGone).toBe(true);
    });
  });
}
