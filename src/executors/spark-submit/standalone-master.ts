/** How the driver of a submission is doing, in the words of the master. */
export type DriverState =
  | 'SUBMITTED'
  | 'RUNNING'
  | 'FINISHED'
  | 'RELAUNCHING'
  | 'UNKNOWN'
  | 'KILLED'
  | 'FAILED'
  | 'ERROR'
  | 'NOT_FOUND';

export interface DriverStatus {
  readonly state: DriverState;
  readonly message: string | null;
}

const PATIENCE_MS = 5000;

/** The REST server of a standalone master, where drivers on the cluster are asked after and killed. */
export class StandaloneMaster {
  readonly #hosts: readonly string[];

  /** `url` may name several masters, of which one leads. */
  constructor(url: string) {
    this.#hosts = url.replace(/^spark:\/\//, '').split(',');
  }

  /** Null while no master answers. */
  async status(submissionId: string): Promise<DriverStatus | null> {
    const answer = await this.#call('GET', `status/${encodeURIComponent(submissionId)}`);
    if (answer === null) return null;
    if (answer.success !== true) {
      return /not found/i.test(answer.message ?? '') ? { state: 'NOT_FOUND', message: null } : null;
    }
    return {
      state: (answer.driverState ?? 'UNKNOWN') as DriverState,
      message: answer.message ?? null,
    };
  }

  async kill(submissionId: string): Promise<void> {
    await this.#call('POST', `kill/${encodeURIComponent(submissionId)}`);
  }

  async #call(method: string, path: string): Promise<Answer | null> {
    let refused: Answer | null = null;
    for (const host of this.#hosts) {
      const answer = await fetch(`http://${host}/v1/submissions/${path}`, {
        method,
        signal: AbortSignal.timeout(PATIENCE_MS),
      })
        .then((response) => response.json() as Promise<Answer>)
        .catch(() => null);
      if (answer?.success === true) return answer;
      // A master that waits for its turn knows no driver.
      refused = answer ?? refused;
    }
    return refused;
  }
}

interface Answer {
  readonly success?: boolean;
  readonly driverState?: string;
  readonly message?: string;
}

export const hasEnded = (state: DriverState): boolean =>
  ['FINISHED', 'KILLED', 'FAILED', 'ERROR', 'NOT_FOUND'].includes(state);

/** Of the answer to a submission, which spark-submit logs. */
export const submissionIn = (stderr: string): string | null =>
  /"submissionId"\s*:\s*"([^"]+)"/.exec(stderr)?.[1] ?? null;
