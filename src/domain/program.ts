/** Where the code of a job lies, after every check. */
export interface ProgramFile {
  /** An absolute path with links resolved, or a URI that Spark reads. */
  readonly location: string;
  readonly local: boolean;
}
