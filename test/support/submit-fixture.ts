import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  Job,
  JobOutcome,
  JobRequest,
  SparkApplication,
  WaitingFor,
} from '../../src/domain/job.ts';
import type { SparkSubmitOptions } from '../../src/executors/spark-submit/options.ts';
import { SparkSubmitExecutor } from '../../src/executors/spark-submit/spark-submit-executor.ts';
import { PortSlots } from '../../src/processes/port-slots.ts';
import { systemClock } from '../../src/util/clock.ts';
import { aRequest } from './job-request.ts';
import { processesNaming } from './process-tree.ts';
import { sparkHome } from './spark-home.ts';

const QUIET = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A folder with everything that programs and the servers that watch them leave behind. */
export class SubmitFixture {
  readonly folder = mkdtempSync(join(tmpdir(), 'libra-submit-'));
  readonly workDir = join(this.folder, 'programs');
  readonly #executors: SparkSubmitExecutor[] = [];
  #jobs = 0;

  executor(options: Partial<SparkSubmitOptions> = {}): SparkSubmitExecutor {
    const executor = new SparkSubmitExecutor({
      workDir: this.workDir,
      projectRoot: resolve('.'),
      sparkHome: sparkHome(),
      sparkConf: async () => ({
        'spark.master': 'local[1]',
        'spark.driver.memory': '512m',
        'spark.pyspark.python': resolve('.spark/venv/bin/python'),
        'spark.pyspark.driver.python': resolve('.spark/venv/bin/python'),
      }),
      localIp: '127.0.0.1',
      ports: new PortSlots({ first: 42_000, last: 42_199 }),
      killGraceMs: 10_000,
      redactionPattern: 'secret|password',
      environment: {
        javaHome: process.env.JAVA_HOME ?? null,
        hadoopConfDir: null,
        yarnConfDir: null,
        sparkConfDir: null,
        path: process.env.PATH ?? null,
        home: this.folder,
        forDrivers: {},
      },
      pools: () => [{ name: 'heavy', schedulingMode: 'FAIR', weight: 0.5, minShare: 1 }],
      clock: systemClock,
      log: QUIET,
      ...options,
    });
    this.#executors.push(executor);
    return executor;
  }

  file(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  program(request: Partial<JobRequest>, location: string | null = null): Program {
    this.#jobs += 1;
    return new Program(this.folder, `job-${this.#jobs}`, aRequest(request), location);
  }

  pythonFile(text: string, request: Partial<JobRequest> = {}): Program {
    const path = this.file(`program-${this.#jobs}.py`, text);
    return this.program({ kind: 'python-file', code: null, filePath: path, ...request }, path);
  }

  /** Waits until nothing runs any more that names the folder. */
  async close(): Promise<void> {
    for (const executor of this.#executors) await executor.release();
    for (const pid of processesNaming(this.folder)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
    while (processesNaming(this.folder).length > 0) await sleep(20);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A job in the hands of a test, and all that its observers were told. */
export class Program {
  readonly id: string;
  readonly logDir: string;
  readonly request: JobRequest;
  readonly #location: string | null;
  readonly shown = { stdout: '', stderr: '' };
  readonly applications: SparkApplication[] = [];
  readonly waits: (WaitingFor | null)[] = [];
  readonly outcomes: JobOutcome[] = [];
  attempt = 1;
  maxLogBytes = 1024 * 1024;

  constructor(folder: string, id: string, request: JobRequest, location: string | null) {
    this.id = id;
    this.logDir = join(folder, 'logs', id);
    this.request = request;
    this.#location = location;
  }

  start(executor: SparkSubmitExecutor): this {
    const { request } = this;
    executor.start(
      {
        job: { id: this.id, attempt: this.attempt, request } as Job,
        request,
        program: this.#location === null ? null : { location: this.#location, local: true },
        driver: null,
        resultDir: join(this.logDir, 'result'),
        maxResultBytes: 1024,
        logDir: this.logDir,
        maxLogBytes: this.maxLogBytes,
      },
      {
        started: () => {},
        progress: () => {},
        log: () => {},
        wrote: (stream, text) => {
          this.shown[stream] += text;
        },
        application: (application) => this.applications.push(application),
        waitsFor: (waitingFor) => this.waits.push(waitingFor),
        ended: (outcome) => this.outcomes.push(outcome),
      },
    );
    return this;
  }

  log(stream: 'stdout' | 'stderr'): string {
    return readFileSync(join(this.logDir, `${stream}.log`), 'utf8');
  }

  async shows(text: string): Promise<void> {
    while (!`${this.shown.stdout}${this.shown.stderr}`.includes(text)) {
      if (this.outcomes.length > 0) throw new Error(`ended: ${JSON.stringify(this.outcomes)}`);
      await sleep(20);
    }
  }

  async end(): Promise<JobOutcome> {
    for (;;) {
      const [outcome] = this.outcomes;
      if (outcome !== undefined) return outcome;
      await sleep(20);
    }
  }

  async text(): Promise<string> {
    const outcome = await this.end();
    if (outcome.state !== 'SUCCESS') throw new Error(JSON.stringify(outcome));
    return outcome.result.text;
  }
}
