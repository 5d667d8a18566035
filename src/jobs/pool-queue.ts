/** A job in a queue. Its place in the order of the whole server stays with it, wherever it goes. */
export interface Waiting {
  readonly jobId: string;
  readonly pool: string;
  readonly order: number;
  readonly since: number;
}

export interface Next<L> {
  readonly line: L;
  readonly job: Waiting;
}

/** The jobs of one pool that wait: at each line apart, the oldest first. */
export class PoolQueue<L> {
  readonly #lines = new Map<L, Ordered>();

  get isEmpty(): boolean {
    return this.#lines.size === 0;
  }

  add(line: L, job: Waiting): void {
    const jobs = this.#lines.get(line) ?? new Ordered();
    jobs.add(job);
    this.#lines.set(line, jobs);
  }

  remove(line: L, job: Waiting): void {
    const jobs = this.#lines.get(line);
    jobs?.remove(job);
    if (jobs?.first === null) this.#lines.delete(line);
  }

  /** The oldest at a line that can start one now. */
  oldest(mayStart: (line: L) => boolean): Next<L> | null {
    let oldest: Next<L> | null = null;
    for (const [line, { first }] of this.#lines) {
      if (first === null || (oldest !== null && oldest.job.order < first.order)) continue;
      if (mayStart(line)) oldest = { line, job: first };
    }
    return oldest;
  }
}

/** Nearly all jobs come in their order; one that comes back, or has waited for its turn, does not. */
class Ordered {
  #jobs = new Map<string, Waiting>();
  #newest = 0;

  get first(): Waiting | null {
    return this.#jobs.values().next().value ?? null;
  }

  add(job: Waiting): void {
    this.#jobs.set(job.jobId, job);
    if (job.order < this.#newest) this.#sort();
    else this.#newest = job.order;
  }

  remove({ jobId }: Waiting): void {
    this.#jobs.delete(jobId);
  }

  #sort(): void {
    const sorted = [...this.#jobs.values()].sort((a, b) => a.order - b.order);
    this.#jobs = new Map(sorted.map((job) => [job.jobId, job]));
  }
}
