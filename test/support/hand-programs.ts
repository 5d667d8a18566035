import { Problem } from '../../src/domain/errors.ts';
import type { Identity } from '../../src/domain/identity.ts';
import type { ProgramFile } from '../../src/domain/program.ts';
import type { ProgramSource } from '../../src/jobs/program-source.ts';

/** Takes every path for a local file, but those that the test has taken away. */
export class HandPrograms implements ProgramSource {
  readonly gone = new Set<string>();

  async locate(_: Identity, filePath: string): Promise<ProgramFile> {
    if (this.gone.has(filePath)) throw new Problem('FILE_NOT_USABLE', `There is no ${filePath}.`);
    return { location: `/located/${filePath}`, local: !filePath.includes('://') };
  }

  async check(): Promise<void> {}

  async resolveSettings(
    _: Identity,
    settings: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, string>>> {
    return settings;
  }
}
