import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { HOSTS } from '../support/hosts.ts';
import { makeJar } from '../support/java-jars.ts';
import { type RealDriver, submit } from '../support/real-driver.ts';
import { sparkHome } from '../support/spark-home.ts';

const IMPORTS = `
import java.util.*;
import org.apache.spark.api.java.*;
import org.apache.spark.sql.*;
`;

describe.each(HOSTS)('jar-class on the $name driver', ({ open }) => {
  let real: RealDriver;
  let jars = 0;
  beforeAll(async () => {
    real = await open();
  });

  /** Runs the body of a main of a jar of its own. */
  const program = (body: string, args: readonly string[] = [], members = '') => {
    jars += 1;
    const jar = join(real.folder, 'jars', `p${jars}.jar`);
    makeJar(
      jar,
      {
        'demo.Main': `${members}\npublic static void main(String[] args) throws Exception {\n${body}\n}`,
      },
      sparkHome(),
      IMPORTS,
    );
    return submit(real, null, { kind: 'jar-class', filePath: jar, mainClass: 'demo.Main', args });
  };

  it('runs main and answers with what it prints', async () => {
    const running = program(
      `SparkSession spark = SparkSession.builder().appName("x").getOrCreate();
       System.out.println(spark.range(100).count());
       System.out.println(Arrays.toString(args));
       spark.stop();
       System.out.println(spark.range(3).count());`,
      ['a b', '"q"', 'ü😀'],
    );
    expect(await running.ended).toEqual({
      end: 'succeeded',
      result: {
        text: '100\n[a b, "q", ü😀]\n3\n',
        columns: null,
        rowCount: null,
        truncated: false,
        complete: true,
        byteCount: 0,
      },
    });
  });
});
