import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { Cluster } from '../support/cluster.ts';
import { clusterServer } from '../support/cluster-server.ts';
import { makeJar, PERSON } from '../support/java-jars.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { sparkHome } from '../support/spark-home.ts';

const IMPORTS = `
import java.io.*;
import java.util.*;
import java.util.concurrent.*;
import org.apache.spark.api.java.*;
import org.apache.spark.api.java.function.*;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.*;
import org.apache.spark.sql.types.*;
import scala.Tuple2;
`;

const main = (body: string): string =>
  `{ public static void main(String[] args) throws Exception {
    SparkSession spark = SparkSession.builder().getOrCreate();
    JavaSparkContext sc = new JavaSparkContext(spark.sparkContext());
    ${body} }`;

/** A version makes the same jar another one. */
const sources = (version: number) => ({
  'demo.Person': PERSON,
  'demo.Shuffle': main(`
    System.out.println(sc.parallelize(List.of("a", "b", "a", "c"), 4)
      .mapToPair(n -> new Tuple2<>(new Person(n, ${version}), 1)).reduceByKey((x, y) -> x + y, 3)
      .map(t -> new Person(t._1().getName(), t._2() + ${version})).collect().stream()
      .map(Person::toString).sorted().toList());`),
  'demo.Beans': main(`
    Dataset<Person> people = spark.createDataset(List.of(new Person("a", 1), new Person("b", 2),
      new Person("a", 3)), Encoders.bean(Person.class)).repartition(3);
    System.out.println(people
      .groupByKey((MapFunction<Person, String>) Person::getName, Encoders.STRING())
      .mapGroups((MapGroupsFunction<String, Person, Person>) (k, it) -> { int sum = ${version};
        while (it.hasNext()) sum += it.next().getAge(); return new Person(k, sum); },
        Encoders.bean(Person.class)).orderBy("name").collectAsList());`),
  'demo.Functions': main(`
    spark.udf().register("of_jar", (Long x) -> new Person("n", ${version}).getAge() + x, DataTypes.LongType);
    System.out.println(spark.sql("SELECT sum(of_jar(id)) FROM range(0, 4, 1, 4)").collectAsList());`),
  'demo.Shared': main(`
    Broadcast<Person> shared = sc.broadcast(new Person("b", ${version}));
    JavaRDD<Person> kept = sc.parallelize(List.of(1, 2, 3), 3).map(i -> new Person("p", i + shared.value().getAge()))
      .persist(org.apache.spark.storage.StorageLevel.MEMORY_ONLY_SER());
    ExecutorService pool = Executors.newFixedThreadPool(2);
    Future<List<Person>> again = pool.submit(() -> kept.map(p -> new Person("q", p.getAge())).collect());
    System.out.println(kept.collect() + " " + again.get());
    pool.shutdown(); kept.unpersist(true);
    System.out.println(spark.createDataset(List.of(new Person("k", 4)), Encoders.kryo(Person.class)).repartition(2)
      .map((MapFunction<Person, Person>) p -> p, Encoders.kryo(Person.class)).collectAsList());`),
  'demo.Fails': main(
    'sc.parallelize(List.of(1, 2), 2).foreach(i -> { throw new IllegalStateException("in task " + new Person("x", i)); });',
  ),
  'demo.Exits': main('sc.parallelize(List.of(1), 1).foreach(i -> System.exit(3));'),
  'demo.Loops': main('sc.parallelize(List.of(1, 2), 2).foreach(i -> { while (true) {} });'),
});

const EXPECTED = (version: number) =>
  [
    ['demo.Shuffle', `[a:${2 + version}, b:${1 + version}, c:${1 + version}]\n`],
    ['demo.Beans', `[a:${4 + version}, b:${2 + version}]\n`],
    ['demo.Functions', `[[${6 + 4 * version}]]\n`],
    [
      'demo.Shared',
      `[${[1, 2, 3].map((i) => `p:${i + version}`).join(', ')}] [${[1, 2, 3].map((i) => `q:${i + version}`).join(', ')}]\n[k:4]\n`,
    ],
  ] as const;

describe('jar-class on a standalone cluster', () => {
  let cluster: Cluster;
  let server: ServerProcess;
  let api: ApiClient;
  const jars: string[] = [];

  beforeAll(async () => {
    cluster = await Cluster.start();
    for (const version of [1, 2]) {
      const jar = join(cluster.folder, 'jars', `people-${version}.jar`);
      makeJar(jar, sources(version), sparkHome(), IMPORTS);
      jars.push(jar);
    }
    server = await clusterServer(cluster, {
      LIBRA_FILES_ALLOWED_ROOTS: join(cluster.folder, 'jars'),
    });
    api = new ApiClient(server.url);
  });
  afterAll(async () => {
    await server?.stop();
    await cluster?.stop();
  });

  const run = async (version: number, mainClass: string, wait = '5m') =>
    (await api.statement({ kind: 'jar-class', filePath: jars[version - 1], mainClass, wait })).body;

  const logOf = async (jobId: string): Promise<string> =>
    (await fetch(`${server.url}/api/v1/jobs/${jobId}/logs?stream=stderr`)).text();

  it.each([1, 2])(
    'takes the classes of version %i of a jar to the executors and back',
    async (version) => {
      for (const [mainClass, expected] of EXPECTED(version)) {
        const job = await run(version, mainClass);
        expect({ mainClass, state: job.state, result: job.result, error: job.error }).toEqual({
          mainClass,
          state: 'SUCCESS',
          result: expected,
          error: null,
        });
        expect(job.executor).toBe('embedded');
      }
    },
  );

  it('tells what a task threw, and takes an exit in a task for its failure alone', async () => {
    const failed = await run(1, 'demo.Fails');
    expect(failed.error).toMatchObject({ code: 'PROGRAM_FAILED' });
    expect(failed.error?.message).toContain('IllegalStateException: in task x:');
    const before = (await cluster.state()).activeapps.length;
    const exited = await run(1, 'demo.Exits');
    expect(exited.error?.message).toContain('System.exit(3) was called in a task');
    expect((await cluster.state()).activeapps).toHaveLength(before);
  });

  it('cancels tasks that loop without end', async () => {
    const looping = await run(1, 'demo.Loops', '0s');
    while (!(await logOf(looping.jobId)).includes('started: 2 tasks')) await sleep(20);
    await cluster.until(({ coresused }) => coresused > 0);
    expect((await api.job(looping.jobId)).body.state).toBe('RUNNING');
    await api.cancel(looping.jobId);
    expect(await api.ended(looping.jobId)).toMatchObject({ state: 'CANCELLED' });
    expect((await run(1, 'demo.Shuffle')).state).toBe('SUCCESS');
  });
});
