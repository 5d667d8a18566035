/** One thing that is wrong, and where it stands: a file with its line, or a variable. */
export interface ConfigFault {
  readonly where: string;
  readonly message: string;
}

/** The configuration cannot be used; the message lists every fault, for the operator to read. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
    const lines = faults.map((fault) => `  - ${fault.where}: ${fault.message}`);
    super([`The configuration has ${count}:`, ...lines].join('\n'));
    this.faults = faults;
  }
}
