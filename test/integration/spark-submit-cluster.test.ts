import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SparkSubmitExecutor } from '../../src/executors/spark-submit/spark-submit-executor.ts';
import { Cluster } from '../support/cluster.ts';
import { makeJar } from '../support/java-jars.ts';
import { processesNaming } from '../support/process-tree.ts';
import { sparkHome } from '../support/spark-home.ts';
import { SubmitFixture } from '../support/submit-fixture.ts';

const ENDED = ['FINISHED', 'KILLED', 'FAILED', 'ERROR'];

describe('programs on a standalone cluster', () => {
  const fixture = new SubmitFixture();
  const jar = join(fixture.folder, 'cluster.jar');
  let cluster: Cluster;
  let executor: SparkSubmitExecutor;

  beforeAll(async () => {
    makeJar(
      jar,
      {
        'demo.Program': `
          public static void main(String[] args) throws Exception {
            org.apache.spark.sql.SparkSession spark =
                org.apache.spark.sql.SparkSession.builder().getOrCreate();
            System.out.println(spark.range(100).count());
            java.nio.file.Path go = java.nio.file.Path.of(args[0]);
            while (!java.nio.file.Files.exists(go)) Thread.sleep(20);
            if (args.length > 1) throw new IllegalStateException(args[1]);
            spark.stop();
          }`,
      },
      sparkHome(),
    );
    cluster = await Cluster.start(1);
    executor = connected();
  });
  afterAll(async () => {
    await fixture.close();
    await cluster?.stop();
  });

  const connected = () =>
    fixture.executor({
      sparkConf: async () => ({
        'spark.master': cluster.url,
        'spark.driver.memory': '512m',
        'spark.executor.memory': '512m',
        'spark.cores.max': '1',
        'spark.authenticate': 'true',
        'spark.authenticate.secret': cluster.secret,
        'spark.driver.host': 'of-the-server',
        'spark.master.rest.port': cluster.restPort,
      }),
    });
  let count = 0;
  const program = (sparkConfig: Record<string, string>, more: readonly string[] = []) => {
    count += 1;
    const go = join(fixture.folder, `go-${count}`);
    const made = fixture.program(
      {
        kind: 'jar',
        code: null,
        filePath: jar,
        mainClass: 'demo.Program',
        args: [go, ...more],
        sparkConfig,
      },
      jar,
    );
    return { program: made, go: () => writeFileSync(go, '') };
  };
  const onCluster = { 'spark.submit.deployMode': 'cluster' };
  const submitted = async (made: { readonly applications: readonly unknown[] }) => {
    while (made.applications.length === 0) await sleep(20);
  };

  it('runs the driver here and the work there, and says when there are no executors', async () => {
    const { program: made, go } = program({ 'spark.executor.cores': '2', 'spark.cores.max': '2' });
    go();
    expect(await made.start(executor).text()).toBe('100\n');
    expect(made.applications).toEqual([
      {
        applicationId: expect.stringMatching(/^app-/),
        sparkUiUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:42\d\d\d$/),
      },
    ]);
    const { program: starved } = program({ 'spark.executor.memory': '900g' });
    starved.start(executor);
    while (starved.waits.at(-1) !== 'EXECUTORS') await sleep(20);
    executor.cancel(starved.id);
    expect(await starved.end()).toEqual({ state: 'CANCELLED', error: null });
    await cluster.until(({ activeapps }) => activeapps.length === 0);
  });

  it('follows a driver on the cluster over a change of servers', async () => {
    const { program: made, go } = program(onCluster);
    const first = connected();
    made.start(first);
    await submitted(made);
    expect(made.applications).toEqual([
      { applicationId: expect.stringMatching(/^driver-/), sparkUiUrl: null },
    ]);
    await first.release();
    made.start(executor);
    go();
    expect(await made.text()).toContain('has finished');
  });

  it('knows that a driver on the cluster failed', async () => {
    const { program: made, go } = program(onCluster, ['no such luck']);
    go();
    expect(await made.start(executor).end()).toMatchObject({
      state: 'FAILED',
      error: { code: 'PROGRAM_EXITED', message: expect.stringMatching(/^The driver driver-\S+ /) },
    });
  });

  it('kills the driver on the cluster', async () => {
    const { program: made } = program(onCluster);
    made.start(executor);
    await submitted(made);
    executor.cancel(made.id);
    expect(await made.end()).toEqual({ state: 'CANCELLED', error: null });
    const { activedrivers, completeddrivers } = await cluster.until(
      ({ activeapps }) => activeapps.length === 0,
    );
    expect(activedrivers).toEqual([]);
    expect(completeddrivers.every(({ state }) => ENDED.includes(state))).toBe(true);
    expect(processesNaming(made.id)).toEqual([]);
  });
});
