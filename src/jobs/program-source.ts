import type { Identity } from '../domain/identity.ts';
import type { JobRequest } from '../domain/job.ts';
import type { ProgramFile } from '../domain/program.ts';

type Settings = Readonly<Record<string, string>>;

/** Where the code of jobs comes from. Each method throws the Problem that says why not. */
export interface ProgramSource {
  locate(identity: Identity, filePath: string): Promise<ProgramFile>;
  /** What can be said against the file before the job exists. */
  check(request: JobRequest, program: ProgramFile): Promise<void>;
  /** Settings that name files, with what they lead to. */
  resolveSettings(identity: Identity, settings: Settings): Promise<Settings>;
}

/** The file and the settings of a job as its executor needs them. */
export const locateProgram = async (
  source: ProgramSource,
  identity: Identity,
  request: JobRequest,
): Promise<{ readonly program: ProgramFile | null; readonly request: JobRequest }> => {
  const { filePath } = request;
  const program = filePath === null ? null : await source.locate(identity, filePath);
  const sparkConfig = await source.resolveSettings(identity, request.sparkConfig);
  return { program, request: { ...request, sparkConfig } };
};
