import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DriverJob } from '../../src/drivers/driver.ts';
import { HOSTS } from '../support/hosts.ts';
import { failure, query, type RealDriver, submit } from '../support/real-driver.ts';

const PYTHON = { kind: 'python' } as const;

/** Neither there nor waiting for its parent to look. */
const isGone = (pid: number): boolean => {
  try {
    return / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
};

const pids = (text: string): readonly number[] => (text.match(/\d+/g) ?? []).map(Number);

for (const host of HOSTS) {
  describe(`python that breaks things on the ${host.name} driver`, () => {
    let real: RealDriver;
    beforeAll(async () => {
      real = await host.open();
    });
    const text = async (code: string, options: Partial<DriverJob> = {}) =>
      (await query(real, code, { ...PYTHON, ...options })).text;
    const fail = (code: string, options: Partial<DriverJob> = {}) =>
      failure(real, code, { ...PYTHON, ...options });
    const stillAnswers = async () => {
      expect(await text('print(spark.range(3).count())')).toBe('3\n');
    };

    describe('a process that dies', () => {
      it.each([
        ['import os\nos.abort()', 'SIGABRT'],
        ['import ctypes\nctypes.string_at(0)', 'SIGSEGV'],
        ['import os, signal\nos.kill(os.getpid(), signal.SIGKILL)', 'SIGKILL'],
        ['import os, signal\nos.killpg(0, signal.SIGTERM)', 'SIGTERM'],
      ])('ends its job alone: %j', async (code, signal) => {
        const other = submit(real, 'import time\ntime.sleep(1)\nprint("whole")', PYTHON);
        expect(await fail(code)).toMatchObject({
          code: 'PROGRAM_DIED',
          message: `The process of the program died of ${signal}`,
        });
        expect(await other.ended).toMatchObject({ end: 'succeeded', result: { text: 'whole\n' } });
        await stillAnswers();
      });

      it('keeps what it had printed', async () => {
        const job = submit(real, 'import os\nprint("so far")\nos.abort()', PYTHON);
        expect((await job.ended).end).toBe('failed');
        expect(job.streams.stdout.join('')).toBe('so far\n');
      });
    });

    describe('memory', () => {
      it('that is asked for and not there fails the job', async () => {
        const code = [
          'import resource',
          'resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))',
          'held = []',
          'while True: held.append(bytearray(256 << 20))',
        ].join('\n');
        expect((await fail(code)).message).toMatch(/^MemoryError/);
        await stillAnswers();
      });
    });

    describe('a loop without an end', () => {
      it.each([
        ['that only spins', 'print("on")\nwhile True: pass'],
        [
          'that swallows every exception',
          'import time\nprint("on")\nwhile True:\n    try: time.sleep(1)\n    except BaseException: pass',
        ],
        [
          'that ignores signals',
          'import signal\nfor s in (signal.SIGINT, signal.SIGTERM): signal.signal(s, signal.SIG_IGN)\nprint("on")\nwhile True: pass',
        ],
        [
          'of Spark jobs',
          'print("on")\nwhile True:\n    try: spark.range(10).count()\n    except Exception: pass',
        ],
        [
          'in a thread',
          'import threading\ndef spin():\n    while True: pass\nthreading.Thread(target=spin).start()\nprint("on")',
        ],
        [
          'at the end',
          'import atexit, time\ndef spin():\n    while True: time.sleep(1)\natexit.register(spin)\nprint("on")',
        ],
        ['in C', 'import re\nprint("on")\nre.match(r"(a+)+$", "a" * 60 + "b")'],
      ])('%s can be cancelled', async (_, code) => {
        const job = submit(real, code, PYTHON);
        await expect.poll(() => job.streams.stdout.join(''), { timeout: 20_000 }).toBe('on\n');
        job.cancel();
        expect((await job.ended).end).toBe('cancelled');
        expect(job.ends).toHaveLength(1);
        await stillAnswers();
      });

      it('is ended before it has an interpreter, too', async () => {
        const jobs = Array.from({ length: 6 }, () => submit(real, 'while True: pass', PYTHON));
        for (const job of jobs) job.cancel();
        for (const job of jobs) expect((await job.ended).end).toBe('cancelled');
        await stillAnswers();
      });
    });

    describe('processes that the code starts', () => {
      it('end with it, however far they have gone', async () => {
        const code = [
          'import os, subprocess, sys, time',
          'plain = subprocess.Popen(["sleep", "600"])',
          'apart = subprocess.Popen(["sleep", "600"], start_new_session=True)',
          'deep = subprocess.Popen(["sh", "-c", "sleep 600 & sleep 600"], start_new_session=True)',
          'r, w = os.pipe()',
          'if os.fork() == 0:',
          '    os.setsid()',
          '    if os.fork() == 0:',
          '        os.write(w, b"%d" % os.getpid())',
          '        time.sleep(600)',
          '    os._exit(0)',
          'os.wait()',
          'print(plain.pid, apart.pid, deep.pid, int(os.read(r, 20)))',
        ].join('\n');
        const found = pids(await text(code));
        expect(found).toHaveLength(4);
        expect(found.filter((pid) => !isGone(pid))).toEqual([]);
      });

      it('end when it is cancelled', async () => {
        const code = [
          'import subprocess, time',
          'print(*[subprocess.Popen(["sleep", "600"], start_new_session=bool(i)).pid for i in range(2)])',
          'time.sleep(600)',
        ].join('\n');
        const job = submit(real, code, PYTHON);
        await expect.poll(() => pids(job.streams.stdout.join('')).length).toBe(2);
        job.cancel();
        expect((await job.ended).end).toBe('cancelled');
        expect(pids(job.streams.stdout.join('')).filter((pid) => !isGone(pid))).toEqual([]);
      });

      it('end when the parent of all interpreters is killed, and the next job has a new one', async () => {
        const code = [
          'import os, subprocess, time',
          'print(os.getppid(), os.getpid(), *[subprocess.Popen(["sleep", "600"], start_new_session=bool(i)).pid for i in range(2)])',
          'time.sleep(600)',
        ].join('\n');
        const job = submit(real, code, PYTHON);
        await expect
          .poll(() => pids(job.streams.stdout.join('')).length, { timeout: 60_000 })
          .toBe(4);
        const [parent = 0, ...others] = pids(job.streams.stdout.join(''));
        process.kill(parent, 'SIGKILL');
        // Before that the others do not know of it, and may begin what comes.
        await expect.poll(() => others.slice(0, 1).every(isGone)).toBe(true);
        const next = submit(real, 'print("next")', PYTHON);
        expect(await job.ended).toMatchObject({
          end: 'failed',
          error: { code: 'PROGRAM_DIED', retryable: true },
        });
        expect(await next.ended).toMatchObject({ end: 'succeeded', result: { text: 'next\n' } });
        expect(others.filter((pid) => !isGone(pid))).toEqual([]);
      });

      it('end even where they fork on and on', async () => {
        const code = [
          'import os, time',
          'def on(depth):',
          '    os.setsid() if depth % 2 else None',
          '    while True:',
          '        if depth < 3 and os.fork() == 0: on(depth + 1)',
          '        time.sleep(0.05)',
          'for _ in range(5):',
          '    if os.fork() == 0: on(0)',
          'time.sleep(0.5)',
          'print("enough")',
        ].join('\n');
        expect(await text(code)).toBe('enough\n');
        await stillAnswers();
      });
    });

    describe('output', () => {
      it('of 1 GB is cut at the limit, while others answer', async () => {
        const limit = 4 << 20;
        const before = process.memoryUsage().rss;
        const job = submit(
          real,
          'line = "x" * 1023\nfor _ in range(1 << 20): print(line)\nprint("end")',
          { ...PYTHON, maxLogBytes: limit },
        );
        await stillAnswers();
        const ending = await job.ended;
        expect(ending).toMatchObject({ end: 'succeeded', result: { truncated: true } });
        const log = job.streams.stdout.join('');
        expect(log.length).toBeLessThan(limit + 200);
        expect(log).toMatch(/\[the output ends here: .*\]\n$/);
        expect(process.memoryUsage().rss - before).toBeLessThan(400 << 20);
      });

      it.each([
        'import os\nos.close(1)\nos.close(2)',
        'import sys\nsys.stdout.close()\nsys.stderr.close()',
        'import sys\nsys.stdout = sys.stderr = None',
        'import os\nos.closerange(3, 256)',
      ])('that is closed is the code’s own affair: %j', async (code) => {
        const ending = await submit(real, code, PYTHON).ended;
        expect(ending.end).toBe('succeeded');
        await stillAnswers();
      });

      it('that is no text gets through', async () => {
        const answer = await text('import os\nos.write(1, b"a\\xff\\xc3")\nprint("\\ud800")');
        expect(answer).toMatch(/^a\ufffd\ufffd\\ud800\n$/);
      });
    });

    it('leaves Spark’s own threads and jobs ended', async () => {
      const code = [
        'import threading, time',
        'def slow(i): time.sleep(600)',
        'threading.Thread(target=lambda: sc.parallelize([1], 1).foreach(slow), daemon=True).start()',
        'while not sc.statusTracker().getActiveJobsIds(): time.sleep(0.05)',
        'print("over")',
      ].join('\n');
      expect(await text(code)).toBe('over\n');
      await expect.poll(async () => (await real.driver.stats()).activeTasks).toBe(0);
    });

    it('gets another parent for its interpreters when one is gone', async () => {
      expect(
        await fail(
          'import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nimport time\ntime.sleep(600)',
        ),
      ).toMatchObject({ code: 'PROGRAM_DIED' });
      await stillAnswers();
    });

    it('leaves nothing over fifty jobs: no thread, no descriptor, no file, no process', async () => {
      const codes = [
        'print(1)',
        'print(spark.range(10).count())',
        'c = sc.accumulator(0)\nsc.parallelize(range(4), 2).foreach(lambda x: c.add(x))\nprint(c.value)',
        '1/0',
        'import tempfile, threading\ntempfile.mkdtemp()\nthreading.Thread(target=lambda: spark.range(1).collect()).start()',
      ];
      const round = async () => {
        await Promise.all(codes.map((code) => submit(real, code, PYTHON).ended));
      };
      const workFolders = () =>
        readdirSync(real.folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
          /(^|\/)(python\/[0-9a-f]{24}|pyspark-[^/]*)$/.test(path),
        ).length;
      // Spark's own pools grow to their limits meanwhile: ours alone are counted.
      const threads = `
names = [t.getName() for t in spark._jvm.Thread.getAllStackTraces().keySet()]
print(len([n for n in names if n.startswith("libra-") or n.startswith("Thread-")]))`;
      const now = async () => ({
        threads: Number(await text(threads)),
        descriptors: readdirSync(`/proc/${real.pid()}/fd`).length,
        folders: workFolders(),
      });
      await round();
      await round();
      const before = await now();
      for (let i = 0; i < 10; i++) await round();
      const grown = async () => {
        const after = await now();
        return {
          threads: after.threads > before.threads,
          descriptors: after.descriptors > before.descriptors + 10,
          // The interpreter that looks, two that stand ready, and the folder of PySpark in each.
          folders: after.folders > 6,
        };
      };
      await expect
        .poll(grown, { timeout: 30_000, interval: 500 })
        .toEqual({ threads: false, descriptors: false, folders: false });
    });
  });
}
