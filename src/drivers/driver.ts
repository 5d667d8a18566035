import type { JobError, Overflow, SqlParameter } from '../domain/job.ts';
import type { FairPool } from '../domain/pool.ts';
import type { Column, ResultSummary } from '../domain/result.ts';

/** Everything that a driver host needs to start. Plain data: it crosses a JVM or a socket. */
export interface DriverConfig {
  /** Complete Spark configuration, `spark.master` and `spark.app.name` included. */
  readonly sparkConf: Readonly<Record<string, string>>;
  readonly pools: readonly FairPool[];
  /** Break-outs of SQL that are allowed, see `libra.sql` in the configuration. */
  readonly sqlPolicy: SqlPolicy;
  /** Null where there is no Python: jobs of that kind fail and say so. */
  readonly python: PythonRuntime | null;
}

/** What the interpreters of Python jobs are started with. */
export interface PythonRuntime {
  readonly executable: string;
  /** Folders and archives for PYTHONPATH, pyspark among them where it is not installed. */
  readonly path: readonly string[];
  /** The folder of Libra's own Python code. */
  readonly runnerDir: string;
  /** How many interpreters wait for their job. */
  readonly ready: number;
  /** How many stateful interpreters may live at a time. */
  readonly maxContexts: number;
}

export interface SqlPolicy {
  readonly allowReflection: boolean;
  readonly allowTransform: boolean;
  readonly allowAddResources: boolean;
  readonly allowLocalPaths: boolean;
  /** Local folders that SQL may read and write even so; the warehouse always is one. */
  readonly allowedRoots: readonly string[];
}

export interface DriverInfo {
  readonly appId: string;
  readonly sparkVersion: string;
  readonly scalaVersion: string;
  readonly javaVersion: string;
  readonly master: string;
  readonly uiUrl: string | null;
  readonly defaultParallelism: number;
}

export const DRIVER_JOB_KINDS = ['sql', 'python', 'jar-class'] as const;
export type DriverJobKind = (typeof DRIVER_JOB_KINDS)[number];

/** One job for the driver. Fields of other kinds are null or empty. */
export interface DriverJob {
  readonly jobId: string;
  readonly kind: DriverJobKind;
  readonly sessionId: string;
  /** The text of `sql` and `python`. */
  readonly code: string | null;
  readonly parameters: readonly SqlParameter[];
  /** The local path of the jar of a `jar-class`. */
  readonly filePath: string | null;
  readonly mainClass: string | null;
  readonly args: readonly string[];
  /** The stateful interpreter of the session that a `python` job runs in; its jobs come one by one. */
  readonly context: string | null;
  /** Settings for this statement alone; every key passed `unmodifiableKeys` before. */
  readonly settings: Readonly<Record<string, string>>;
  readonly pool: string;
  readonly description: string;
  readonly rowLimit: number;
  readonly maxResultBytes: number;
  /** What is kept of each of the streams of code; what comes after is read and dropped. */
  readonly maxLogBytes: number;
  readonly onOverflow: Overflow;
  /** A folder that does not exist yet; the host makes it and writes the result there. */
  readonly resultDir: string;
}

export interface DriverJobObserver {
  started(): void;
  /** Finished tasks over all tasks that are known, 0 to 1; never goes back. */
  progress(fraction: number): void;
  /** Its tasks wait because the driver has no executors; null when they wait no longer. */
  waitsFor(waitingFor: 'EXECUTORS' | null): void;
  log(stream: 'stdout' | 'stderr', text: string): void;
  schema(columns: readonly Column[]): void;
  /** Rows stored so far. */
  rows(rowCount: number): void;
  succeeded(result: ResultSummary): void;
  failed(error: JobError): void;
  /** After a cancel: the thread has ended and no task of the job holds a slot. */
  cancelled(): void;
  /** The driver ended under the job. */
  lost(error: JobError): void;
}

export interface JvmStats {
  readonly heapUsedBytes: number;
  readonly heapCommittedBytes: number;
  readonly heapMaxBytes: number;
  readonly nonHeapUsedBytes: number;
  readonly threads: number;
  readonly gc: readonly {
    readonly name: string;
    readonly count: number;
    readonly timeMs: number;
  }[];
  readonly activeTasks: number;
  readonly totalCores: number;
  readonly pools: readonly PoolStats[];
}

export interface PoolStats {
  readonly name: string;
  readonly runningTasks: number;
  /** What its tasks have taken since the context was made, running ones included; never goes back. */
  readonly taskTimeMs: number;
}

/**
 * A Spark driver, wherever it lives. Every method returns at once or answers with a promise;
 * none waits for Spark on the caller's thread. Exactly one of `succeeded`, `failed`, `cancelled`
 * and `lost` ends each submitted job.
 */
export interface Driver {
  /** Starts the host and its SparkContext; rejects with a DriverStartError that says why. */
  start(config: DriverConfig): Promise<DriverInfo>;
  /** Ends all jobs as lost and Spark with them. The in-process host ends the process afterwards. */
  stop(): Promise<void>;
  submit(job: DriverJob, observer: DriverJobObserver): void;
  /** Asks for the end of a job; its observer hears `cancelled` when the work has really stopped. */
  cancel(jobId: string): void;
  /** Makes a light session with settings of its own. `default` is always there. */
  openSession(sessionId: string, settings: Readonly<Record<string, string>>): Promise<void>;
  closeSession(sessionId: string): Promise<void>;
  /** Those of the keys that cannot change at run time (`conf.isModifiable` is false). */
  unmodifiableKeys(keys: readonly string[]): Promise<readonly string[]>;
  /**
   * The pools that there are from now on, in what runs and in all that is made in its place. At any
   * time; resolves when they are in force. Jobs that are submitted afterwards find them.
   */
  setPools(pools: readonly FairPool[]): Promise<void>;
  stats(): Promise<JvmStats>;
  /**
   * Called when the SparkContext, or the process around it, ends without `stop`: jobs are lost
   * already; a new one is being made. Called again, with the reason, each time that fails.
   */
  onContextLost(listener: (cause: string) => void): void;
  /** Called each time a context answers: after `start`, and after a lost one was replaced. */
  onReady(listener: (info: DriverInfo) => void): void;
}

/** A driver in a process of its own, with all that it needs to start. */
export interface MadeDriver {
  readonly driver: Driver;
  /** Once; rejects with a DriverStartError that says why, and nothing of the process is left. */
  start(): Promise<DriverInfo>;
}

/** Makes drivers in processes of their own, beside the shared one. */
export interface DriverMaker {
  /** How many may live at a time because of what the machine gives them; null for no such limit. */
  readonly most: number | null;
  /** What is wrong with these settings, without asking Spark; each names its key, never a value. */
  faults(settings: Readonly<Record<string, string>>): readonly string[];
  /** What such a driver takes of this machine's memory, heap and all else. */
  memoryBytes(settings: Readonly<Record<string, string>>): number;
  /** Settings go over the server's own; nothing is started yet. */
  make(settings: Readonly<Record<string, string>>): MadeDriver;
}

/** The driver could not start; the message names the setting or the reason. */
export class DriverStartError extends Error {
  override readonly name = 'DriverStartError';
}
