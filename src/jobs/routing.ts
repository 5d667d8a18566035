import { Problem } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import type { ExecutorKind, JobRequest } from '../domain/job.ts';
import { checkDeployMode, checkSettings } from '../domain/setting-rules.ts';
import type { DriverFleet } from '../sessions/driver-fleet.ts';
import type { RunTimeSettings } from '../sessions/run-time-settings.ts';
import type { Route } from './job-places.ts';
import { locateProgram, type ProgramSource } from './program-source.ts';

export interface RoutingOptions {
  readonly settings: RunTimeSettings;
  readonly fleet: DriverFleet;
  readonly programs: ProgramSource;
  /** Keys and prefixes that sparkConfig may not hold. */
  readonly deniedSettings: readonly string[];
  /** The server's own, for jobs that name none. */
  readonly master: string;
}

/** Which way a statement goes: the table of the HTTP interface, and what it refuses. */
export class Routing {
  readonly #options: RoutingOptions;

  constructor(options: RoutingOptions) {
    this.#options = options;
  }

  /** Throws the Problem that says why there is no way. */
  async route(identity: Identity, request: JobRequest): Promise<Route> {
    const { programs, deniedSettings, master } = this.#options;
    checkSettings(request.sparkConfig, deniedSettings);
    checkDeployMode(request.kind, request.sparkConfig, master);
    const { program, request: located } = await locateProgram(programs, identity, request);
    const settings = located.sparkConfig;
    if (program !== null) await programs.check(request, program);
    const executor = await this.#executorOf(request);
    if (executor === 'embedded' && program !== null && !program.local) {
      throw new Problem(
        'FILE_NOT_USABLE',
        `A jar-class runs inside of the driver from a local file: upload it, or send kind "jar", which can read ${program.location}.`,
        { errors: [{ field: 'filePath', message: 'accepts a local path or the id of an upload' }] },
      );
    }
    if (executor === 'driver') this.#options.fleet.check(settings);
    return { executor, settings };
  }

  async #executorOf(request: JobRequest): Promise<ExecutorKind> {
    const { settings } = this.#options;
    const { kind, sparkConfig } = request;
    switch (kind) {
      case 'sql':
        return (await settings.fixedKeys(sparkConfig)).length === 0 ? 'embedded' : 'driver';
      case 'python':
        return this.#pythonExecutor(request);
      case 'jar-class':
        return Object.keys(sparkConfig).length === 0 ? 'embedded' : 'spark-submit';
      case 'python-file':
      case 'jar':
        return 'spark-submit';
      default:
        return kind satisfies never;
    }
  }

  async #pythonExecutor({ context, sparkConfig }: JobRequest): Promise<ExecutorKind> {
    const fixed = await this.#options.settings.fixedKeys(sparkConfig);
    if (fixed.length === 0) return 'embedded';
    if (context === null) return 'spark-submit';
    throw new Problem(
      'INVALID_REQUEST',
      `A context lives on the driver of the session, where Spark cannot change ${fixed.join(', ')} at run time.`,
      {
        errors: fixed.map((key) => ({
          field: `sparkConfig.${key}`,
          message: 'cannot be set together with a context',
        })),
      },
    );
  }
}
