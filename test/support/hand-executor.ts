import type { ExecutorKind, JobOutcome } from '../../src/domain/job.ts';
import type { Execution, ExecutionObserver, Executor } from '../../src/executors/executor.ts';

export const SUCCESS: JobOutcome = {
  state: 'SUCCESS',
  result: {
    text: 'Schema: struct<id:bigint>\n\n[1]\n',
    columns: [{ name: 'id', type: 'bigint', nullable: false }],
    rowCount: 1,
    truncated: false,
    complete: true,
    byteCount: 10,
  },
};

export const failure = (state: 'FAILED' | 'LOST', code: string): JobOutcome => ({
  state,
  error: {
    code,
    message: code,
    errorClass: null,
    sqlState: null,
    position: null,
    cause: null,
    hint: null,
    retryable: state === 'LOST',
  },
});

/** Work in the hands of a test: it says itself how each started job goes on and ends. */
export class HandExecutor implements Executor {
  readonly kind: ExecutorKind;
  readonly survivesServer: boolean;
  readonly executions: Execution[] = [];
  readonly cancelled: string[] = [];
  readonly #observers = new Map<string, ExecutionObserver>();
  released = false;

  constructor(kind: ExecutorKind = 'embedded') {
    this.kind = kind;
    this.survivesServer = kind === 'spark-submit';
  }

  async release(): Promise<void> {
    this.released = true;
  }

  start(execution: Execution, observer: ExecutionObserver): void {
    this.executions.push(execution);
    this.#observers.set(execution.job.id, observer);
    observer.started();
  }

  cancel(jobId: string): void {
    this.cancelled.push(jobId);
  }

  get started(): readonly string[] {
    return this.executions.map((execution) => execution.job.id);
  }

  observer(jobId: string): ExecutionObserver {
    const observer = this.#observers.get(jobId);
    if (observer === undefined) throw new Error(`job ${jobId} was not started`);
    return observer;
  }

  end(jobId: string, outcome: JobOutcome = SUCCESS): void {
    this.observer(jobId).ended(outcome);
  }
}
