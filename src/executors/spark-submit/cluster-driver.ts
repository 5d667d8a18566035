import type { JobOutcome } from '../../domain/job.ts';
import { jobError } from '../../domain/job-error.ts';
import { failed, lost } from './program-outcome.ts';
import { type DriverStatus, hasEnded, StandaloneMaster } from './standalone-master.ts';

/**
 * A driver that a standalone cluster runs. spark-submit has long ended with 0: how the program is
 * doing the master alone knows.
 */
export class ClusterDriver {
  readonly #master: StandaloneMaster;
  readonly #id: string;

  constructor(masterUrl: string, submissionId: string) {
    this.#master = new StandaloneMaster(masterUrl);
    this.#id = submissionId;
  }

  /** Null while the driver runs, and while no master answers. */
  async look(cancelled: boolean): Promise<JobOutcome | null> {
    const status = await this.#master.status(this.#id);
    if (status === null) return null;
    if (hasEnded(status.state)) return this.#outcome(status, cancelled);
    if (cancelled) await this.#master.kill(this.#id);
    return null;
  }

  #outcome({ state, message }: DriverStatus, cancelled: boolean): JobOutcome {
    if (state === 'FINISHED') {
      const text = `The driver ${this.#id} has finished; what it printed is in the log of its worker.\n`;
      return {
        state: 'SUCCESS',
        result: {
          text,
          columns: null,
          rowCount: null,
          truncated: false,
          complete: true,
          byteCount: 0,
        },
      };
    }
    if (cancelled) return { state: 'CANCELLED', error: null };
    if (state === 'NOT_FOUND') return lost(`The master no longer knows the driver ${this.#id}.`);
    const told = message === null ? '' : `\n\n${message}`;
    return failed(
      jobError(
        'PROGRAM_EXITED',
        `The driver ${this.#id} on the cluster ended as ${state}; its worker has its log${told}`,
      ),
    );
  }
}
