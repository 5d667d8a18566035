import { Problem } from '../../src/domain/errors.ts';
import type { Identity } from '../../src/domain/identity.ts';
import type { JobRequest } from '../../src/domain/job.ts';
import type { ProgramFile } from '../../src/domain/program.ts';
import type { ProgramSource } from '../../src/jobs/program-source.ts';

/**
 * Takes every path for a local file, but those that the test has taken away; or asks the real
 * source, once a test has put one behind it.
 */
export class HandPrograms implements ProgramSource {
  readonly gone = new Set<string>();
  real: ProgramSource | null = null;

  async locate(identity: Identity, filePath: string): Promise<ProgramFile> {
    if (this.real !== null) return this.real.locate(identity, filePath);
    if (this.gone.has(filePath)) throw new Problem('FILE_NOT_USABLE', `There is no ${filePath}.`);
    return { location: `/located/${filePath}`, local: !filePath.includes('://') };
  }

  async check(request: JobRequest, program: ProgramFile): Promise<void> {
    await this.real?.check(request, program);
  }

  async resolveSettings(
    identity: Identity,
    settings: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, string>>> {
    return this.real === null ? settings : this.real.resolveSettings(identity, settings);
  }
}
