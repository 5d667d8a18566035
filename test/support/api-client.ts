import type { JobState } from '../../src/domain/job.ts';

/** The answer of a statement or a job, as far as tests look at it. */
export interface JobBody {
  readonly jobId: string;
  readonly sessionId: string;
  readonly kind: string;
  readonly pool: string;
  readonly executor: string;
  readonly owner: string;
  readonly state: JobState;
  readonly attempt: number;
  readonly result: string | null;
  readonly schema: readonly { name: string; type: string; nullable: boolean }[] | null;
  readonly rowCount: number | null;
  readonly truncated: boolean | null;
  readonly resultComplete: boolean | null;
  readonly submittedAt: string;
  readonly startedAt: string | null;
  readonly completedAt: string | null;
  readonly executionTimeMs: number | null;
  readonly progress: number;
  readonly waitingFor: string | null;
  readonly applicationId: string | null;
  readonly sparkUiUrl: string | null;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly errorClass?: string;
    readonly sqlState?: string;
    readonly position?: { readonly line: number; readonly column: number };
    readonly cause?: string;
    readonly hint?: string;
  } | null;
}

export interface Answer<T = JobBody> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

/** A thin client: what curl would send, with the body parsed. */
export class ApiClient {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(base: string, headers: Readonly<Record<string, string>> = {}) {
    this.#base = base;
    this.#headers = headers;
  }

  async call<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const response = await fetch(`${this.#base}${path}`, {
      method,
      headers: {
        ...this.#headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = /json/.test(response.headers.get('content-type') ?? '') && text !== '';
    return {
      status: response.status,
      headers: response.headers,
      body: (json ? JSON.parse(text) : text) as T,
    };
  }

  get<T = JobBody>(path: string, headers: Record<string, string> = {}): Promise<Answer<T>> {
    return this.call<T>('GET', path, undefined, headers);
  }

  sql(code: string, fields: Record<string, unknown> = {}, session = 'default'): Promise<Answer> {
    return this.call<JobBody>('POST', `/api/v1/sessions/${session}/statements`, {
      kind: 'sql',
      code,
      ...fields,
    });
  }

  /** A statement of any kind; waits for its end as long as a server lets it. */
  statement(body: Record<string, unknown>, session = 'default'): Promise<Answer> {
    return this.call<JobBody>('POST', `/api/v1/sessions/${session}/statements`, {
      wait: '10m',
      ...body,
    });
  }

  job(id: string, query = ''): Promise<Answer> {
    return this.get(`/api/v1/jobs/${id}${query}`);
  }

  /** Long-polls until the job has ended. */
  async ended(id: string): Promise<JobBody> {
    for (;;) {
      const { body } = await this.job(id, '?wait=30s');
      if (!['QUEUED', 'RUNNING'].includes(body.state)) return body;
    }
  }

  /** Polls until the job's state is one of these. */
  async reached(id: string, ...states: JobState[]): Promise<JobBody> {
    for (;;) {
      const { body } = await this.job(id);
      if (states.includes(body.state)) return body;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  cancel(id: string): Promise<Answer> {
    return this.call('POST', `/api/v1/jobs/${id}/cancel`);
  }
}
