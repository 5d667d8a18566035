import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient, type JobBody } from '../support/api-client.ts';
import {
  buildExamples,
  EXAMPLES_BY_NAME,
  type Example,
  JAR,
  mainClass,
  pythonFile,
  pythonText,
  ROOT,
} from '../support/example-programs.ts';
import { ServerProcess } from '../support/server-process.ts';

type Request = Readonly<Record<string, unknown>>;

interface Way {
  readonly way: string;
  readonly executor: string;
  readonly request: (example: Example) => Request;
  /** All when not given: each start of spark-submit takes seconds. */
  readonly only?: readonly string[];
}

const WAYS: readonly Way[] = [
  {
    way: 'Java inside the driver',
    executor: 'embedded',
    request: (example) => ({
      kind: 'jar-class',
      filePath: JAR,
      mainClass: mainClass('Java', example),
    }),
  },
  {
    way: 'Scala inside the driver',
    executor: 'embedded',
    request: (example) => ({
      kind: 'jar-class',
      filePath: JAR,
      mainClass: mainClass('Scala', example),
    }),
  },
  {
    way: 'Python at the driver',
    executor: 'embedded',
    request: (example) => ({ kind: 'python', code: pythonText(example) }),
  },
  {
    way: 'Java by spark-submit',
    executor: 'spark-submit',
    request: (example) => ({ kind: 'jar', filePath: JAR, mainClass: mainClass('Java', example) }),
  },
  {
    way: 'Scala by spark-submit',
    executor: 'spark-submit',
    only: ['SalesEtl', 'QualityGate'],
    request: (example) => ({ kind: 'jar', filePath: JAR, mainClass: mainClass('Scala', example) }),
  },
  {
    way: 'Python by spark-submit',
    executor: 'spark-submit',
    request: (example) => ({ kind: 'python-file', filePath: pythonFile(example) }),
  },
];

let server: ServerProcess;
let api: ApiClient;
let folder: string;

beforeAll(async () => {
  await buildExamples();
  folder = mkdtempSync(join(tmpdir(), 'libra-examples-'));
  // The documents name the files relative to the folder in which the server is started.
  server = await ServerProcess.start({ cwd: ROOT });
  api = new ApiClient(server.url);
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(WAYS)('the examples: $way', ({ way, executor, request, only }) => {
  it.each(EXAMPLES_BY_NAME.filter(({ name }) => only?.includes(name) ?? true))(
    '$name',
    async (example) => {
      const output = join(folder, way.replaceAll(' ', '-'));
      const { body } = await api.call<JobBody>('POST', '/api/v1/sessions/default/statements', {
        ...request(example),
        args: example.args(output),
      });
      const job = await api.ended(body.jobId);
      const printed = expect.stringMatching(example.prints);
      expect(job).toMatchObject({
        executor,
        ...(example.exitCode === 0
          ? { state: 'SUCCESS', error: null, result: printed }
          : {
              state: 'FAILED',
              error: {
                code: 'PROGRAM_EXITED',
                message: `The program exited with ${example.exitCode}`,
              },
            }),
      });
      const log = await api.get<string>(`/api/v1/jobs/${job.jobId}/logs?stream=stdout`);
      expect(log.body).toEqual(printed);
      if (example.args(output).includes(output)) expect(parquetIn(output)).toBe(1);
    },
  );
});

const parquetIn = (output: string): number =>
  existsSync(output) ? readdirSync(output).filter((name) => name.endsWith('.parquet')).length : 0;

describe('after all examples', () => {
  it('the same driver answers', async () => {
    expect((await api.sql('SELECT 1 AS one')).body).toMatchObject({
      state: 'SUCCESS',
      result: 'Schema: struct<one:int>\n\n[1]\n',
    });
  });

  it('SQL is held to the allowed folders, though programs are not', async () => {
    const file = join(ROOT, 'examples/data/words.txt');
    const direct = await api.sql(`SELECT * FROM text.\`${file}\``);
    expect(direct.body).toMatchObject({ state: 'FAILED', error: { code: 'SQL_REFUSED' } });
    const { body } = await api.call<JobBody>('POST', '/api/v1/sessions/default/statements', {
      kind: 'python',
      code: `spark.read.text(${JSON.stringify(file)}).createTempView("words")\nprint(spark.table("words").count())`,
    });
    expect(body).toMatchObject({ state: 'SUCCESS', result: '6\n' });
    const throughView = await api.sql('SELECT * FROM words');
    expect(throughView.body).toMatchObject({ state: 'FAILED', error: { code: 'SQL_REFUSED' } });
  });
});
