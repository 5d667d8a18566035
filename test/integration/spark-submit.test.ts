import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeJar } from '../support/java-jars.ts';
import { commandOf, processesNaming } from '../support/process-tree.ts';
import { sparkHome } from '../support/spark-home.ts';
import { SubmitFixture } from '../support/submit-fixture.ts';

const ODD_ARGS = [
  '',
  ' two  words ',
  '"double" \'single\'',
  '$(id) `id` $HOME',
  'a\nb',
  'ж→😀',
  '--class',
  '\\',
  '*',
];

describe('programs through spark-submit', () => {
  const fixture = new SubmitFixture();
  const executor = fixture.executor();
  const jar = join(fixture.folder, 'programs.jar');

  beforeAll(() => {
    makeJar(
      jar,
      {
        'demo.Args': `
          public static void main(String[] args) {
            org.apache.spark.sql.SparkSession spark =
                org.apache.spark.sql.SparkSession.builder().getOrCreate();
            for (String arg : args) System.out.println("<" + arg.replace("\\n", "\\\\n") + ">");
            System.out.println(spark.range(10).count());
            System.out.println(spark.sparkContext().getLocalProperty("spark.scheduler.pool"));
            System.out.println(spark.sparkContext().getPoolForName("heavy").get().weight());
            System.err.println("to stderr");
            spark.stop();
          }`,
        'demo.Fails': `
          public static void main(String[] args) {
            throw new IllegalStateException("no such luck");
          }`,
        'demo.NoMain': '',
      },
      sparkHome(),
    );
  });
  afterAll(() => fixture.close());

  const java = (mainClass: string, args: readonly string[] = []) =>
    fixture.program(
      { kind: 'jar', code: null, filePath: jar, mainClass, args, pool: 'heavy' },
      jar,
    );

  it('hands arguments over as they are, and pool, application and output back', async () => {
    const program = java('demo.Args', ODD_ARGS).start(executor);
    const text = await program.text();
    const shown = ODD_ARGS.map((arg) => `<${arg.replaceAll('\n', '\\n')}>\n`).join('');
    expect(text).toBe(`${shown}10\nheavy\n50\n`);
    expect(program.shown.stdout).toBe(text);
    expect(program.log('stderr')).toContain('to stderr\n');
    expect(program.applications).toEqual([
      {
        applicationId: expect.stringMatching(/^local-\d+$/),
        sparkUiUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:42\d\d\d$/),
      },
    ]);
    expect(program.outcomes).toHaveLength(1);
    expect(processesNaming(fixture.workDir)).toEqual([]);
    expect(readdirSync(join(fixture.workDir, program.id, '1')).sort()).toEqual([
      'exit',
      'outcome.json',
      'started',
    ]);
    await executor.forget(program.id);
    expect(existsSync(join(fixture.workDir, program.id))).toBe(false);
  });

  it('tells an exception of Java with its trace, and classes that cannot be run', async () => {
    const fails = await java('demo.Fails').start(executor).end();
    expect(fails).toMatchObject({ state: 'FAILED', error: { code: 'PROGRAM_EXITED' } });
    expect(fails).toMatchObject({
      error: {
        message: expect.stringMatching(
          /^The program exited with 1\n\nException in thread "main" java\.lang\.IllegalStateException: no such luck\n\tat demo\.Fails\.main/,
        ),
      },
    });
    expect(await java('demo.Missing').start(executor).end()).toMatchObject({
      error: { code: 'MAIN_NOT_FOUND', message: `There is no class demo.Missing in ${jar}` },
    });
    expect(await java('demo.NoMain').start(executor).end()).toMatchObject({
      error: {
        code: 'MAIN_NOT_FOUND',
        message: `The class demo.NoMain in ${jar} has no main(String[] args)`,
      },
    });
  });

  it('lets settings of the job win, inherits none of the driver, and keeps secrets to a file', async () => {
    const secret = 'tell-nobody = ж \\ "quoted"';
    const server = fixture.executor({
      sparkConf: async () => ({
        'spark.master': 'local[1]',
        'spark.driver.memory': '512m',
        'spark.pyspark.python': join(process.cwd(), '.spark/venv/bin/python'),
        'spark.driver.host': 'no-such-host',
        'spark.driver.port': '7078',
        'spark.driver.blockManager.port': '7079',
        'spark.driver.bindAddress': '192.0.2.1',
        'spark.ui.port': '4040',
        'spark.app.id': 'taken',
        'spark.test.kept': 'by the server',
        'spark.test.both': 'by the server',
      }),
    });
    const program = fixture
      .pythonFile(
        `
import os, sys, time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
conf = spark.sparkContext.getConf()
for key in ['spark.test.kept', 'spark.test.both', 'spark.test.secret', 'spark.driver.host', 'spark.app.id', 'spark.app.name']:
    print(key, conf.get(key))
print(sorted(key for key in os.environ if 'LIBRA' in key or 'TOKEN' in key))
print('ready', flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.02)
`,
        {
          name: 'a name',
          args: [join(fixture.folder, 'go')],
          sparkConfig: { 'spark.test.both': 'by the job', 'spark.test.secret': secret },
        },
      )
      .start(server);
    await program.shows('ready');
    const commands = processesNaming(fixture.folder).map(commandOf).join('\n');
    expect(commands).toContain(program.id);
    expect(commands).not.toContain('tell-nobody');
    fixture.file('go', '');
    const lines = (await program.text()).split('\n');
    expect(lines).toEqual([
      'spark.test.kept by the server',
      'spark.test.both by the job',
      `spark.test.secret ${secret}`,
      'spark.driver.host 127.0.0.1',
      expect.stringMatching(/^spark\.app\.id local-\d+$/),
      'spark.app.name a name',
      "['LIBRA_PROGRAM']",
      'ready',
      '',
    ]);
    for (const name of readdirSync(fixture.workDir, { recursive: true, encoding: 'utf8' })) {
      const path = join(fixture.workDir, name);
      if (/[.](json|conf)$/.test(name) && !name.endsWith('outcome.json')) {
        expect(readFileSync(path, 'utf8')).not.toContain('tell-nobody');
      }
    }
  });

  const python = (code: string, args: readonly string[] = []) =>
    fixture.program({ kind: 'python', code, args }).start(executor);

  it('gives python code its session, its arguments and a stderr of its own', async () => {
    const good = python(
      'import sys\nprint(spark.range(7).count(), sc.master, sys.argv[1:])\nprint("odd", file=sys.stderr)',
      ODD_ARGS,
    );
    expect(await good.text()).toBe(`7 local[1] ${await pythonList(ODD_ARGS)}\n`);
    expect(good.log('stderr')).toContain('odd\n');
  });

  it('tells failures of python code like those on the driver', async () => {
    expect(await python('def f():\n    return 1 / 0\nf()').end()).toMatchObject({
      state: 'FAILED',
      error: {
        code: 'PROGRAM_FAILED',
        message: expect.stringMatching(
          /^ZeroDivisionError: division by zero\n\nTraceback \(most recent call last\):\n {2}File "<python>", line 3, in <module>\n {4}f\(\)\n/,
        ),
      },
    });
  });

  it('tells where python code does not parse, and how it left', async () => {
    expect(await python('x = 1\nif x:\nprint(x)').end()).toMatchObject({
      state: 'FAILED',
      error: { code: 'PROGRAM_SYNTAX', position: { line: 3, column: 1, fragment: 'print(x)' } },
    });
    expect(await python('import sys\nsys.exit(3)').end()).toMatchObject({
      error: {
        code: 'PROGRAM_EXITED',
        message: expect.stringMatching(/^The program exited with 3/),
      },
    });
  });
});

/** As Python 3 prints a list of strings that hold no more than these tests do. */
const pythonList = async (items: readonly string[]): Promise<string> => {
  const { execFileSync } = await import('node:child_process');
  return execFileSync('python3', ['-c', 'import sys; print(sys.argv[1:])', ...items], {
    encoding: 'utf8',
  }).trimEnd();
};
