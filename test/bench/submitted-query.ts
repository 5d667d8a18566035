import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { makeJar } from '../support/java-jars.ts';
import { sparkHome } from '../support/spark-home.ts';

const END = 'that was all';
const QUERY = `{ public static void main(String[] args) {
  org.apache.spark.sql.SparkSession spark =
    org.apache.spark.sql.SparkSession.builder().getOrCreate();
  for (org.apache.spark.sql.Row row : spark.sql(args[0]).collectAsList()) {
    System.out.println(row);
  }
  System.out.println("${END}");
  System.exit(0); }`;

export interface Query {
  readonly code: string;
  readonly rows: number;
}

/**
 * A program that runs one query, as someone would write it who has spark-submit and no server.
 * Answers the milliseconds from the start of spark-submit to the last row.
 */
export const submittedQuery = (
  folder: string,
  master: string,
): ((query: Query) => Promise<number>) => {
  const jar = path.join(folder, 'query.jar');
  makeJar(jar, { 'demo.Query': QUERY }, sparkHome());
  return async ({ code, rows }) => {
    const startedAt = performance.now();
    const child = spawn(
      path.join(sparkHome(), 'bin/spark-submit'),
      ['--master', master, '--class', 'demo.Query', jar, code],
      {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, SPARK_HOME: sparkHome(), SPARK_LOCAL_IP: '127.0.0.1' },
      },
    );
    const exited = once(child, 'exit');
    let printed = 0;
    let took = Number.NaN;
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === END) took = performance.now() - startedAt;
      else printed += 1;
    }
    await exited;
    if (printed !== rows || Number.isNaN(took)) throw new Error(`spark-submit printed ${printed}`);
    return took;
  };
};
