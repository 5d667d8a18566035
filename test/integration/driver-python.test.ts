import { existsSync } from 'node:fs';
import { join } from 'node:path';
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
    const text = async (code: string, options: Partial<DriverJob> = {}) =>
      (await run(code, options)).text;

    it('answers with what the code printed', async () => {
      expect(await run('print("Zürich", 1)\nprint(spark.range(100).count())')).toEqual({
        text: 'Zürich 1\n100\n',
        columns: null,
        rowCount: null,
        truncated: false,
        complete: true,
        byteCount: 0,
      });
    });

    it('is a script: its name, its arguments, no input, a folder of its own', async () => {
      const code = [
        'import os, sys',
        'print(__name__, sys.argv[1:])',
        'try:',
        '    input()',
        'except EOFError:',
        '    print("no input")',
        'open("mine", "w").close()',
        'print(os.listdir("."))',
        'print(os.getcwd())',
      ].join('\n');
      const lines = (await text(code, { args: ['a b', '"ü"', ''] })).split('\n');
      expect(lines.slice(0, 2)).toEqual([`__main__ ['a b', '"ü"', '']`, 'no input']);
      expect(lines[2]).toContain('mine');
      expect(existsSync(lines[3] ?? '')).toBe(false);
    });

    describe('what PySpark does', () => {
      it('works: DataFrames, RDDs, accumulators, broadcasts', async () => {
        const code = [
          'frame = spark.createDataFrame([(1, "a"), (2, "b")], ["n", "s"])',
          'print(frame.filter("n > 1").collect())',
          'counter = sc.accumulator(0)',
          'factor = sc.broadcast(10)',
          'def times(x):',
          '    counter.add(x)',
          '    return x * factor.value',
          'print(sc.parallelize(range(4), 2).map(times).sum(), counter.value)',
          'print(sc.parallelize(["a", "b", "a"]).map(lambda w: (w, 1)).reduceByKey(lambda a, b: a + b).collectAsMap()["a"])',
        ].join('\n');
        expect(await text(code)).toBe("[Row(n=2, s='b')]\n60 6\n2\n");
      });

      it('works: functions and classes of the code in UDFs, pandas UDFs and pandas itself', async () => {
        const code = [
          'import pandas as pd',
          'from pyspark.sql.functions import udf, pandas_udf',
          'class Scale:',
          '    def __init__(self, by): self.by = by',
          '    def __call__(self, x): return x * self.by',
          'scale = Scale(3)',
          '@udf("long")',
          'def scaled(x): return scale(x)',
          '@pandas_udf("long")',
          'def plus(s: pd.Series) -> pd.Series: return s + 1',
          'print([row[0] for row in spark.range(3).select(plus(scaled("id"))).collect()])',
          'print(spark.range(3).toPandas()["id"].sum())',
          'print(spark.createDataFrame(pd.DataFrame({"x": [1, 2]})).count())',
          'spark.udf.register("thrice", scaled)',
          'print(spark.sql("SELECT thrice(5)").first()[0])',
        ].join('\n');
        expect(await text(code)).toBe('[1, 4, 7]\n3\n2\n15\n');
      });

      it('works: a stream with Python in each batch, which stops with its job', async () => {
        const code = [
          'seen = []',
          'def batch(frame, number):',
          '    seen.append(frame.count())',
          'query = (spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 5).load()',
          '    .writeStream.foreachBatch(batch).start())',
          'while len(seen) < 2:',
          '    query.awaitTermination(1)',
          'print(seen[:2], query.id)',
        ].join('\n');
        const [sizes, id] = (await text(code)).trim().split('] ');
        expect(sizes).toBe('[5, 5');
        const still = `print("${id}" in [str(q.id) for q in spark.streams.active])`;
        expect(await text(still)).toBe('False\n');
      });
    });

    describe('the session', () => {
      it('is that of the job, by whatever name', async () => {
        await real.driver.openSession('py-views', {});
        const own = { sessionId: 'py-views' };
        await run('spark.range(7).createOrReplaceTempView("seven")', own);
        expect(await text('print(spark.table("seven").count())', own)).toBe('7\n');
        const sql = await query(real, 'SELECT count(*) FROM seven', own);
        expect(sql.text).toContain('[7]');
        const builder = [
          'from pyspark.sql import SparkSession',
          'from pyspark import SparkContext',
          'other = SparkSession.builder.appName("mine").master("local[4]").getOrCreate()',
          'print(other is spark, SparkContext.getOrCreate() is sc, SparkSession.active().table("seven").count())',
        ].join('\n');
        expect(await text(builder, own)).toBe('True True 7\n');
        expect((await fail('spark.table("seven")')).errorClass).toBe('TABLE_OR_VIEW_NOT_FOUND');
        await real.driver.closeSession('py-views');
      });

      it('keeps settings of a builder to the job', async () => {
        const key = 'spark.sql.shuffle.partitions';
        const builder = [
          'from pyspark.sql import SparkSession',
          `mine = SparkSession.builder.config("${key}", 77).config("spark.executor.memory", "9g").getOrCreate()`,
          `print(mine.conf.get("${key}"), spark.conf.get("${key}"))`,
          `print(spark.sql("SET ${key}").first()[1])`,
        ].join('\n');
        expect(await text(builder)).toBe('77 77\n77\n');
        expect(await text(`print(spark.conf.get("${key}"))`)).toBe('4\n');
      });

      it('takes settings of the statement for that statement alone', async () => {
        const code = 'print(spark.conf.get("spark.sql.shuffle.partitions"))';
        expect(await text(code, { settings: { 'spark.sql.shuffle.partitions': '9' } })).toBe('9\n');
        expect(await text(code)).toBe('4\n');
      });

      it('lives on when the code stops it', async () => {
        const code = [
          'spark.stop()',
          'sc.stop()',
          'print(spark.range(3).count())',
          'from pyspark.sql import SparkSession',
          'with SparkSession.builder.getOrCreate() as again:',
          '    print(again.range(4).count())',
        ].join('\n');
        expect(await text(code)).toBe('3\n4\n');
        expect((await query(real, 'SELECT 1')).rowCount).toBe(1);
      });

      it('does not see the secrets of the server', async () => {
        const code =
          'import os\nprint([n for n in os.environ if "LIBRA" in n and n not in ("LIBRA_DRIVER", "LIBRA_PYTHON") or "SECRET" in n or "TOKEN" in n])';
        process.env.LIBRA_SECURITY_TOKEN_TEST = 'secret';
        expect(await text(code)).toBe('[]\n');
        delete process.env.LIBRA_SECURITY_TOKEN_TEST;
      });
    });

    describe('pool, tag and description', () => {
      it('hold on every kind of thread', async () => {
        const code = [
          'import threading',
          'from concurrent.futures import ThreadPoolExecutor',
          'from pyspark import InheritableThread',
          'def place():',
          '    spark.range(1).count()',
          '    return (sc.getLocalProperty("spark.scheduler.pool"), sc.getLocalProperty("spark.job.description"), len(sc.getJobTags()))',
          'found = {place()}',
          'threads = [threading.Thread(target=lambda: found.add(place())), InheritableThread(target=lambda: found.add(place()))]',
          'for t in threads: t.start()',
          'for t in threads: t.join()',
          'with ThreadPoolExecutor(2) as pool:',
          '    found.update(pool.map(lambda _: place(), range(3)))',
          'sc.clearJobTags()',
          'found.add(place())',
          'print(found)',
        ].join('\n');
        const answer = await text(code, { pool: 'low-priority', description: 'a place' });
        expect(answer).toBe("{('low-priority', 'a place', 1)}\n");
      });

      it('let a cancel reach what threads have started', async () => {
        const code = [
          'import threading, time',
          'def slow(i):',
          '    time.sleep(600)',
          'def work():',
          '    sc.parallelize([1], 1).foreach(slow)',
          'threads = [threading.Thread(target=work) for _ in range(2)]',
          'for t in threads: t.start()',
          'print("started", flush=True)',
          'for t in threads: t.join()',
        ].join('\n');
        const job = submit(real, code, PYTHON);
        await expect
          .poll(() => job.logs.join(''), { timeout: 30_000 })
          .toMatch(/started: 1 task[\s\S]*started: 1 task/);
        job.cancel();
        expect((await job.ended).end).toBe('cancelled');
        expect((await real.driver.stats()).activeTasks).toBe(0);
      });

      it('let nobody cancel the jobs of others', async () => {
        const slow = submit(
          real,
          'import time\nsc.parallelize([1], 1).foreach(lambda _: time.sleep(2))\nprint("done")',
          PYTHON,
        );
        await expect.poll(() => slow.logs.join(''), { timeout: 30_000 }).toContain('Spark job');
        await run('sc.cancelAllJobs()\nprint(spark.range(2).count())');
        expect(await slow.ended).toMatchObject({ end: 'succeeded', result: { text: 'done\n' } });
      });
    });

    describe('display', () => {
      it('gives rows as SQL does, and their text in its place', async () => {
        const job = submit(
          real,
          'print("before")\ndisplay(spark.range(3))\nprint("after")',
          PYTHON,
        );
        const ending = await job.ended;
        expect(ending).toMatchObject({
          end: 'succeeded',
          result: {
            text: 'before\nSchema: struct<id:bigint>\n\n[0]\n[1]\n[2]\nafter\n',
            columns: [{ name: 'id', type: 'bigint', nullable: false }],
            rowCount: 3,
            truncated: false,
            complete: true,
          },
        });
        expect(existsSync(join(job.resultDir, 'manifest.json'))).toBe(true);
        expect(job.schemas).toHaveLength(1);
      });

      it('keeps the rows of the last one, within the limit of rows', async () => {
        const result = await run('display(spark.range(5))\ndisplay(spark.range(4))', {
          rowLimit: 2,
        });
        expect(result).toMatchObject({ rowCount: 4, truncated: true });
        expect(result.text.match(/\[0\]\n\[1\]\n/g)).toHaveLength(2);
      });

      it('takes a DataFrame of pandas, and prints anything else', async () => {
        const result = await run(
          'import pandas as pd\ndisplay(pd.DataFrame({"x": [1.5]}))\ndisplay([1])',
        );
        expect(result.text).toBe('Schema: struct<x:double>\n\n[1.5]\n[1]\n');
        expect(result.rowCount).toBe(1);
      });

      it('tells when the rows do not fit', async () => {
        const error = await fail('display(spark.range(1000000))', {
          maxResultBytes: 1000,
          onOverflow: 'FAIL',
        });
        expect(error.code).toBe('RESULT_TOO_LARGE');
      });

      it('leaves no rows of a job that fails', async () => {
        const job = submit(real, 'display(spark.range(3))\n1/0', PYTHON);
        expect((await job.ended).end).toBe('failed');
        expect(existsSync(job.resultDir)).toBe(false);
      });
    });

    describe('an exception', () => {
      it('is told with the traceback of the code alone', async () => {
        const error = await fail('def half(x):\n    return x / 0\n\nhalf(1)');
        expect(error).toMatchObject({ code: 'PROGRAM_FAILED', retryable: false, position: null });
        expect(error.message).toMatch(/^ZeroDivisionError: division by zero\n\nTraceback/);
        expect(error.message).toContain('File "<statement>", line 4, in <module>\n    half(1)');
        expect(error.message).toContain('line 2, in half\n    return x / 0');
        expect(error.message).not.toContain('libra_runner');
      });

      it('is told with those that it came from, and stands in the log', async () => {
        const job = submit(
          real,
          'try:\n    {}["k"]\nexcept KeyError as e:\n    raise ValueError("no k") from e',
          PYTHON,
        );
        const ending = await job.ended;
        expect(ending).toMatchObject({ end: 'failed' });
        const message = ending.end === 'failed' ? ending.error.message : '';
        expect(message).toMatch(/^ValueError: no k\n\n/);
        expect(message).toContain("KeyError: 'k'\n\nThe above exception was the direct cause");
        expect(message).not.toContain('libra_runner');
        expect(job.streams.stderr.join('')).toContain('ValueError: no k');
      });

      it('of Spark carries its class and state, and no stack of Java', async () => {
        const error = await fail('spark.sql("SELECT * FROM nowhere").show()');
        expect(error).toMatchObject({
          code: 'PROGRAM_FAILED',
          errorClass: 'TABLE_OR_VIEW_NOT_FOUND',
          sqlState: '42P01',
        });
        const rdd = await fail('sc.parallelize([1], 1).map(lambda x: 1 / 0).collect()');
        expect(rdd.message).toMatch(/^ZeroDivisionError: division by zero\n\nTraceback/);
        expect(rdd.message).not.toContain('Driver stacktrace');
        for (const { message } of [error, rdd]) {
          expect(message).not.toMatch(/^\s+at [\w.$]+\(/m);
          expect(message).not.toContain('libra_runner');
        }
        const udf = await fail(
          'from pyspark.sql.functions import udf\nspark.range(1).select(udf(lambda x: {}["gone"])("id")).collect()',
        );
        expect(udf.message).toMatch(/^KeyError: 'gone'\n\n/);
      });

      it('is bounded, however long', async () => {
        const error = await fail('raise ValueError("x" * 10_000_000)');
        expect(error.message.length).toBeLessThan(70_000);
        const deep = await fail('def f(n): return f(n + 1)\nf(0)');
        expect(deep.message).toMatch(/^RecursionError/);
      });
    });

    describe('what does not parse', () => {
      it.each([
        ['x = 1\ndef f(:\n  pass', { line: 2, column: 7, fragment: 'def f(:' }],
        ['if True:\nx = 1', { line: 2, column: 1, fragment: 'x = 1' }],
        ['print("ü", )) ', { line: 1, column: 13, fragment: 'print("ü", )) ' }],
        ['return 1', { line: 1, column: 1, fragment: 'return 1' }],
      ])('is placed: %j', async (code, position) => {
        expect(await fail(code)).toMatchObject({ code: 'PROGRAM_SYNTAX', position });
      });

      it('is a mere exception when the code itself evaluates it', async () => {
        expect(await fail('eval("1 +")')).toMatchObject({ code: 'PROGRAM_FAILED', position: null });
      });
    });

    describe('the end', () => {
      it.each([
        ['import sys\nprint("out")\nsys.exit(0)', null],
        ['import sys\nsys.exit()', null],
        ['raise SystemExit', null],
        ['import os\nos._exit(0)', null],
      ])('is a success: %j', async (code) => {
        expect((await submit(real, code, PYTHON).ended).end).toBe('succeeded');
      });

      it.each([
        ['import sys\nsys.exit(3)', 'The program exited with 3'],
        ['import os\nos._exit(4)', 'The program exited with 4'],
        ['import sys\nsys.exit("no more")', 'The program exited with 1'],
      ])('is a failure with a code: %j', async (code, message) => {
        expect(await fail(code)).toMatchObject({ code: 'PROGRAM_EXITED', message });
      });

      it('comes after the threads of the code and what it wants done at the end', async () => {
        const code = [
          'import atexit, threading, time',
          'atexit.register(lambda: print("last"))',
          'def later():',
          '    time.sleep(0.2)',
          '    print("later")',
          'threading.Thread(target=later).start()',
          'print("first")',
        ].join('\n');
        expect(await text(code)).toBe('first\nlater\nlast\n');
      });
    });

    describe('output', () => {
      it('is followed while the job runs, of either stream and of subprocesses', async () => {
        const code = [
          'import subprocess, sys, time',
          'print("to out")',
          'print("to err", file=sys.stderr)',
          'subprocess.run(["sh", "-c", "echo of a child; echo bad child >&2"])',
          'time.sleep(600)',
        ].join('\n');
        const job = submit(real, code, PYTHON);
        await expect.poll(() => job.streams.stdout.join('')).toBe('to out\nof a child\n');
        await expect.poll(() => job.streams.stderr.join('')).toBe('to err\nbad child\n');
        job.cancel();
        expect((await job.ended).end).toBe('cancelled');
      });

      it('is cut in the result at 1 MiB, and whole in the log', async () => {
        const job = submit(real, 'print("ü" * 1_000_000)\nprint("end")', PYTHON);
        const ending = await job.ended;
        if (ending.end !== 'succeeded') throw new Error(JSON.stringify(ending));
        expect(ending.result.truncated).toBe(true);
        expect(ending.result.text).toBe('ü'.repeat(524_288));
        expect(job.streams.stdout.join('')).toBe(`${'ü'.repeat(1_000_000)}\nend\n`);
        expect(
          Math.max(...job.streams.stdout.map((s) => Buffer.byteLength(s))),
        ).toBeLessThanOrEqual(65_540);
      });
    });
  });
}
