import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { HOSTS } from '../support/hosts.ts';
import { makeJar, PERSON as PERSON_BEAN, type Sources } from '../support/java-jars.ts';
import {
  type Ending,
  query,
  type RealDriver,
  type Running,
  submit,
} from '../support/real-driver.ts';
import { sparkHome } from '../support/spark-home.ts';

const IMPORTS = `
import java.io.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;
import org.apache.spark.*;
import org.apache.spark.api.java.*;
import org.apache.spark.api.java.function.*;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.*;
import org.apache.spark.sql.types.*;
import static org.apache.spark.sql.functions.*;
import scala.Tuple2;
`;

const SPARK = 'SparkSession spark = SparkSession.builder().getOrCreate();';
const CONTEXT = 'JavaSparkContext sc = new JavaSparkContext(SparkSession.active().sparkContext());';

const PERSON: Sources = { 'demo.Person': PERSON_BEAN };

const waitFor = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
};

describe.each(HOSTS)('jar-class on the $name driver', ({ open, outOfMemoryEnds }) => {
  let real: RealDriver;
  let jars = 0;
  beforeAll(async () => {
    real = await open();
  });

  const jarOf = (sources: Sources): string => {
    jars += 1;
    const jar = join(real.folder, 'jars', `p${jars}.jar`);
    makeJar(jar, sources, sparkHome(), IMPORTS);
    return jar;
  };

  const run = (jar: string, args: readonly string[] = [], mainClass = 'demo.Main'): Running =>
    submit(real, null, { kind: 'jar-class', filePath: jar, mainClass, args });

  /** Runs the body of a main of a jar of its own. */
  const program = (body: string, members = '', more: Sources = {}): Running =>
    run(
      jarOf({
        'demo.Main': `{ ${members}
          public static void main(String[] args) throws Exception { ${body} }`,
        ...more,
      }),
    );

  const textOf = (ending: Ending): string => {
    if (ending.end !== 'succeeded') throw new Error(JSON.stringify(ending));
    return ending.result.text;
  };
  const printed = async (body: string, members = '', more: Sources = {}): Promise<string> =>
    textOf(await program(body, members, more).ended);
  const failed = async (running: Running) => {
    const ending = await running.ended;
    if (ending.end !== 'failed') throw new Error(JSON.stringify(ending));
    return ending.error;
  };
  const answers = async () =>
    expect((await query(real, 'SELECT count(*) FROM range(7)')).text).toContain('[7]');

  it('runs main with its arguments, and goes on after stop', async () => {
    const jar = jarOf({
      'demo.Main': `{ public static void main(String[] args) throws Exception {
        try (SparkSession spark = SparkSession.builder().appName("x").master("local").getOrCreate()) {
          System.out.println(spark.range(100).count());
        }
        SparkSession spark = SparkSession.builder().getOrCreate();
        Runnable stop = spark::stop;
        stop.run();
        JavaSparkContext sc = new JavaSparkContext(new SparkConf().setAppName("y"));
        SparkContext other = new SparkContext(new SparkConf());
        System.out.println(sc.parallelize(Arrays.asList(1, 2, 3)).count()
          + new JavaSparkContext(other).parallelize(List.of(1)).count());
        sc.close(); other.stop(); spark.sparkContext().stop();
        System.out.println(Arrays.toString(args));
        System.out.println(spark.range(3).count()); }`,
    });
    const running = run(jar, ['a b', '"q" \'s\'', 'ü😀', '']);
    expect(await running.ended).toEqual({
      end: 'succeeded',
      result: {
        text: '100\n4\n[a b, "q" \'s\', ü😀, ]\n3\n',
        columns: null,
        rowCount: null,
        truncated: false,
        complete: true,
        byteCount: 0,
      },
    });
    for (const line of ['100\n', '4\n']) expect(running.logs.join('')).toContain(line);
    await answers();
  });

  it.each([
    [
      'lambda over RDDs, shuffle, and collect of classes of the jar',
      `${SPARK} ${CONTEXT}
       List<Person> people = sc.parallelize(List.of("a", "b", "a", "c"), 2)
         .mapToPair(n -> new Tuple2<>(new Person(n, 1), 1))
         .reduceByKey((x, y) -> x + y, 3)
         .map(t -> new Person(t._1().getName(), t._2())).collect();
       System.out.println(people.stream().map(Person::toString).sorted().toList());`,
      '[a:2, b:1, c:1]\n',
    ],
    [
      'bean Dataset with typed functions and groups',
      `${SPARK}
       Dataset<Person> people = spark.createDataset(List.of(new Person("a", 1), new Person("b", 2),
         new Person("a", 3)), Encoders.bean(Person.class));
       Dataset<Person> older = people.map((MapFunction<Person, Person>) p ->
         new Person(p.getName(), p.getAge() + 10), Encoders.bean(Person.class));
       System.out.println(older.collectAsList());
       System.out.println(older.groupByKey((MapFunction<Person, String>) Person::getName, Encoders.STRING())
         .mapGroups((MapGroupsFunction<String, Person, Person>) (k, it) -> { int sum = 0;
           while (it.hasNext()) sum += it.next().getAge(); return new Person(k, sum); },
           Encoders.bean(Person.class)).orderBy("name").collectAsList());`,
      '[a:11, b:12, a:13]\n[a:24, b:12]\n',
    ],
    [
      'UDF',
      `${SPARK}
       spark.udf().register("twice_of_jar", (Integer x) -> new Person("n", x * 2).getAge(), DataTypes.IntegerType);
       System.out.println(spark.sql("SELECT sum(twice_of_jar(CAST(id AS INT))) FROM range(5)").collectAsList());`,
      '[[20]]\n',
    ],
    [
      'Kryo, broadcast and accumulators',
      `${SPARK} ${CONTEXT}
       Dataset<Person> people = spark.createDataset(List.of(new Person("k", 4)), Encoders.kryo(Person.class));
       System.out.println(people.collectAsList());
       Broadcast<Person> shared = sc.broadcast(new Person("b", 5));
       System.out.println(sc.parallelize(List.of(1, 2), 2).map(i -> shared.value().getAge() + i).collect());
       var acc = sc.sc().<Person>collectionAccumulator("people");
       sc.parallelize(List.of(1, 2), 2).foreach(i -> acc.add(new Person("x", i)));
       System.out.println(acc.value().size());`,
      '[k:4]\n[6, 7]\n2\n',
    ],
    [
      'cached objects and Spark from threads',
      `${SPARK} ${CONTEXT}
       JavaRDD<Person> cached = sc.parallelize(List.of(1, 2, 3), 2).map(i -> new Person("p", i))
         .persist(org.apache.spark.storage.StorageLevel.MEMORY_ONLY_SER());
       ExecutorService pool = Executors.newFixedThreadPool(2);
       List<Future<Integer>> all = new ArrayList<>();
       for (int i = 0; i < 4; i++) all.add(pool.submit(() -> cached.map(p -> new Person("q", p.getAge()))
         .collect().stream().mapToInt(Person::getAge).sum()));
       int sum = 0; for (Future<Integer> each : all) sum += each.get();
       pool.shutdown();
       System.out.println(sum + " " + cached.count());
       cached.unpersist(true);`,
      '24 3\n',
    ],
  ])('runs %s', async (_, body, expected) => {
    expect(await printed(body, '', PERSON)).toBe(expected);
    // The same classes of another jar are others.
    expect(await printed(`/* again */ ${body}`, 'static int other;', PERSON)).toBe(expected);
  });

  it('gives the session of the job, and a clone that sees its views where settings are asked for', async () => {
    await query(real, "CREATE OR REPLACE TEMP VIEW seen_by_jar AS SELECT 'x' AS c");
    expect(
      await printed(`${SPARK}
        SparkSession own = SparkSession.builder().config("spark.sql.shuffle.partitions", "3").getOrCreate();
        System.out.println(own.conf().get("spark.sql.shuffle.partitions") + own.table("seen_by_jar").collectAsList());
        System.out.println(spark.conf().get("spark.sql.shuffle.partitions"));
        System.out.println(SparkSession.builder().getOrCreate() == own);
        spark.range(2).createOrReplaceTempView("made_by_jar");
        spark.sparkContext().setLogLevel("TRACE");`),
    ).toBe('3[[x]]\n4\ntrue\n');
    expect((await query(real, 'SELECT count(*) FROM made_by_jar')).text).toContain('[2]');
    expect((await query(real, 'SET spark.sql.shuffle.partitions')).text).toContain(',4]');
  });

  it.each([
    ['System.exit(0);', null],
    ['System.exit(3);', 3],
    ['Runtime.getRuntime().halt(4);', 4],
    [
      'IntConsumer exit = System::exit; exit.accept(5);'.replace(
        'IntConsumer',
        'java.util.function.IntConsumer',
      ),
      5,
    ],
    ['java.util.function.IntConsumer exit = Runtime.getRuntime()::exit; exit.accept(6);', 6],
    ['scala.sys.package$.MODULE$.exit(7);', 7],
    ['try { System.exit(8); } catch (Throwable t) { while (true) {} }', 8],
    [
      'Thread t = new Thread(() -> System.exit(9)); t.start(); while (true) { try { Thread.sleep(5); } catch (InterruptedException e) {} }',
      9,
    ],
    ['try { System.exit(10); } finally { System.out.println("finally"); }', 10],
  ])('takes an exit for the end of the job: %s', async (body, status) => {
    const running = program(`System.out.println("before"); ${body}`);
    const ending = await running.ended;
    if (status === null) expect(textOf(ending)).toBe('before\n');
    else {
      expect(await failed(running)).toMatchObject({
        code: 'PROGRAM_EXITED',
        message: `The program exited with ${status}`,
      });
    }
    await answers();
  });

  it('tells an exception as Java does, without what lies beneath main', async () => {
    const error = await failed(
      program(
        'Main.fail(args);',
        'static void fail(String[] a) { throw new IllegalStateException("boom\\nmore", new IOException("disk")); }',
      ),
    );
    expect(error.code).toBe('PROGRAM_FAILED');
    const lines = error.message.split('\n');
    expect(lines.slice(0, 4)).toEqual([
      'java.lang.IllegalStateException: boom',
      '',
      'java.lang.IllegalStateException: boom',
      'more',
    ]);
    expect(lines.slice(4).map((line) => line.replace(/:\d+\)/, ')'))).toEqual([
      '\tat demo.Main.fail(Main.java)',
      '\tat demo.Main.main(Main.java)',
      'Caused by: java.io.IOException: disk',
      '\t... 2 more',
    ]);
  });

  it('keeps the condition of an error of Spark', async () => {
    expect(
      await failed(program(`${SPARK} spark.sql("SELECT * FROM no_such_table");`)),
    ).toMatchObject({
      code: 'PROGRAM_FAILED',
      errorClass: 'TABLE_OR_VIEW_NOT_FOUND',
      sqlState: '42P01',
    });
    expect(
      (
        await failed(
          program(
            `${SPARK} ${CONTEXT} sc.parallelize(List.of(1)).foreach(i -> { throw new IllegalStateException("in task"); });`,
          ),
        )
      ).message,
    ).toContain('in task');
  });

  it('that fills the heap ends no more than its host lets it', async () => {
    const ready = new Promise<void>((resolve) => real.driver.onReady(() => resolve()));
    const body = 'List<long[]> l = new ArrayList<>(); while (true) l.add(new long[1 << 24]);';
    const jar = jarOf({
      'demo.Main': `{ public static void main(String[] args) throws Exception { ${body} }`,
    });
    const ending = await run(jar).ended;
    expect(JSON.stringify(ending)).toContain('java.lang.OutOfMemoryError');
    if (outOfMemoryEnds === 'job') {
      expect(ending).toMatchObject({ end: 'failed', error: { code: 'PROGRAM_FAILED' } });
    } else {
      expect(ending).toMatchObject({ end: 'lost', error: { code: 'DRIVER_LOST' } });
      await ready;
    }
    await answers();
  });

  it.each([
    ['StackOverflowError', 'rec(1);', 'static int rec(int i) { return rec(i + 1) + 1; }'],
    [
      'ExceptionInInitializerError',
      'Bad.x();',
      'static class Bad { static { if (true) throw new RuntimeException("init"); } static void x() {} }',
    ],
    ['NoClassDefFoundError', 'gone.Gone.x();', ''],
  ])('fails alone with %s', async (name, body, members) => {
    const jar = jarOf({
      'demo.Main': `{ ${members} public static void main(String[] args) throws Exception { ${body} }`,
      'gone.Gone': '{ public static void x() {}',
    });
    const { execFileSync } = await import('node:child_process');
    if (name === 'NoClassDefFoundError') {
      execFileSync('python3', [
        '-c',
        `
import sys, zipfile, shutil
src = zipfile.ZipFile(sys.argv[1]); out = zipfile.ZipFile(sys.argv[1] + '.new', 'w')
[out.writestr(e, src.read(e)) for e in src.infolist() if 'gone' not in e.filename]
out.close(); shutil.move(sys.argv[1] + '.new', sys.argv[1])`,
        jar,
      ]);
    }
    expect(await failed(run(jar))).toMatchObject({
      code: 'PROGRAM_FAILED',
      message: expect.stringContaining(`java.lang.${name}`),
    });
    await answers();
  });

  it.each([
    ['no such class', '{', 'demo.Nope', 'The jar has no class demo.Nope'],
    [
      'no main',
      '{ static void other() {}',
      'demo.Main',
      'demo.Main has no public static void main(String[])',
    ],
    [
      'a main that is not static',
      '{ public void main(String[] a) {}',
      'demo.Main',
      'it is not static',
    ],
    [
      'a main that is not public',
      '{ static void main(String[] a) {}',
      'demo.Main',
      'it is not public',
    ],
    [
      'a main that returns',
      '{ public static int main(String[] a) { return 1; }',
      'demo.Main',
      'it returns int',
    ],
    [
      'a main without parameters',
      '{ public static void main() {}',
      'demo.Main',
      'it takes other parameters',
    ],
  ])('says of %s what is wrong', async (_, source, mainClass, message) => {
    const error = await failed(run(jarOf({ 'demo.Main': source }), [], mainClass));
    expect(error).toMatchObject({
      code: 'MAIN_NOT_FOUND',
      message: expect.stringContaining(message),
    });
  });

  it('names the class that may be meant, and takes the one of the manifest', async () => {
    const jar = jarOf({
      'demo.Main': '{ public static void main(String[] a) { System.out.print("m"); }',
    });
    expect((await failed(run(jar, [], 'Main'))).hint).toBe('The jar has demo.Main.');
  });

  it('says of what is no jar that it cannot be read', async () => {
    const file = join(real.folder, 'no.jar');
    writeFileSync(file, 'text');
    expect(await failed(run(file))).toMatchObject({ code: 'PROGRAM_NOT_STARTED' });
    expect(await failed(run(join(real.folder, 'gone.jar')))).toMatchObject({
      code: 'PROGRAM_NOT_STARTED',
    });
  });

  it('sees that a jar has changed', async () => {
    const jar = join(real.folder, 'changing.jar');
    for (const text of ['one', 'two', 'six']) {
      copyFileSync(
        jarOf({
          'demo.Main': `{ public static void main(String[] a) { System.out.print("${text}"); }`,
        }),
        jar,
      );
      expect(textOf(await run(jar).ended)).toBe(text);
      expect(textOf(await run(jar).ended)).toBe(text);
    }
  });

  it.each([
    ['an endless loop', 'while (true) {}'],
    [
      'a sleep that swallows interrupts',
      'while (true) try { Thread.sleep(1000); } catch (InterruptedException e) {}',
    ],
    [
      'a loop that catches everything',
      'while (true) try { Thread.sleep(10); } catch (Throwable t) {}',
    ],
    ['endless recursion of small steps', 'fib(90);'],
    [
      'a busy wait for a lock',
      'var l = new locks.ReentrantLock(); Thread t = new Thread(l::lock); t.start(); t.join(); while (!l.tryLock()) Thread.onSpinWait();'.replace(
        'locks.',
        'java.util.concurrent.locks.',
      ),
    ],
    [
      'threads that it started',
      'for (int i = 0; i < 3; i++) new Thread(() -> { while (true) {} }).start();',
    ],
    ['a pool that nobody shuts down', 'Executors.newFixedThreadPool(2).submit(() -> 1).get();'],
    ['a parallel stream', 'IntStream.range(0, 8).parallel().forEach(i -> { while (true) {} });'],
    [
      'tasks that loop',
      `${SPARK} ${CONTEXT} sc.parallelize(List.of(1, 2), 2).foreach(i -> { while (true) {} });`,
    ],
    [
      'SQL that runs',
      `${SPARK} spark.range(0, 10000000000000L, 1, 2).selectExpr("sum(id % 7)").collectAsList();`,
    ],
  ])('cancels %s', async (_, body) => {
    const running = program(
      `System.err.println("here"); ${body}`,
      'static long fib(long n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }',
    );
    await waitFor(() => running.logs.join('').includes('here'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(running.ends).toEqual([]);
    running.cancel();
    expect(await running.ended).toEqual({ end: 'cancelled' });
    expect((await real.driver.stats()).activeTasks).toBe(0);
    expect(running.logs.join('')).not.toContain('cannot be ended');
    await answers();
  });

  it('cancels one of two runs of the same jar', async () => {
    const jar = jarOf({
      'demo.Main': `{ public static void main(String[] a) throws Exception {
        System.err.println("here"); File f = new File(a[0]); while (!f.exists()) Thread.onSpinWait();
        System.out.print(a[0].endsWith("stop")); }`,
    });
    const flag = join(real.folder, 'stop');
    const [first, second] = [run(jar, [`${flag}-never`]), run(jar, [flag])];
    await waitFor(() => [first, second].every((each) => each.logs.join('').includes('here')));
    first.cancel();
    expect(await first.ended).toEqual({ end: 'cancelled' });
    expect(second.ends).toEqual([]);
    writeFileSync(flag, '');
    expect(textOf(await second.ended)).toBe('true');
  });

  it('keeps apart what programs print at once, each with its threads', async () => {
    const jar = jarOf({
      'demo.Main': `{ public static void main(String[] a) throws Exception {
        Thread[] all = new Thread[4];
        for (int t = 0; t < 4; t++) { all[t] = new Thread(() -> { for (int i = 0; i < 500; i++) System.out.println(a[0]); }); all[t].start(); }
        for (Thread t : all) t.join();
        SparkSession.active().range(2).foreach((ForeachFunction<Long>) i -> System.out.println(a[0]));
        scala.Console.println(a[0]); }`,
    });
    const all = ['one', 'two', 'six'].map((name) => ({ name, running: run(jar, [name]) }));
    for (const { name, running } of all) {
      expect(textOf(await running.ended).split('\n')).toEqual([...Array(2003).fill(name), '']);
    }
  });

  it('waits for threads that are no daemons, then runs hooks, and leaves System.out alone', async () => {
    const out = await printed(`
      Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
      PrintStream real = System.out;
      ByteArrayOutputStream own = new ByteArrayOutputStream();
      System.setOut(new PrintStream(own)); System.out.print("captured"); System.setOut(real);
      new Thread(() -> { try { Thread.sleep(300); } catch (InterruptedException e) {} System.out.println("later"); }).start();
      Thread daemon = new Thread(() -> { while (true) {} }); daemon.setDaemon(true); daemon.start();
      System.out.println("main " + own);`);
    expect(out).toBe('main captured\nlater\nhook\n');
    expect(await printed('System.out.print("still here");')).toBe('still here');
  });

  it('bounds what is kept of the output', async () => {
    const jar = jarOf({
      'demo.Main': `{ public static void main(String[] a) {
        for (int i = 0; i < 40000; i++) System.out.println("0123456789012345678901234567890123456789ü"); }`,
    });
    const running = submit(real, null, {
      kind: 'jar-class',
      filePath: jar,
      mainClass: 'demo.Main',
      maxLogBytes: 1_500_000,
    });
    const ending = await running.ended;
    if (ending.end !== 'succeeded') throw new Error(JSON.stringify(ending));
    expect(ending.result.truncated).toBe(true);
    expect(Buffer.byteLength(ending.result.text)).toBeLessThanOrEqual(1 << 20);
    const logs = running.logs.join('');
    expect(logs).toContain('[the output ends here: 1500000 bytes are kept]');
    expect(Buffer.byteLength(logs)).toBeLessThan(1_500_300);
    expect(running.logs.every((text) => Buffer.byteLength(text) <= 65_536)).toBe(true);
  });
});
