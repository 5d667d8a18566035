import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** An agent may open a port or wait for a debugger; a wrong one stops the JVM by itself. */
const AGENT = /^-(agentlib|agentpath|javaagent):|^-X(debug|runjdwp)/;
const TIMEOUT_MS = 20_000;

/**
 * What this Java says against the operator's options. The embedded JVM leaves out what it does not
 * know without a word, so the `java` command is asked, and only when there are options at all.
 */
export const javaFaults = (
  javaHome: string | null,
  options: readonly string[],
): readonly string[] => {
  const asked = options.filter((option) => !AGENT.test(option));
  if (asked.length === 0) return [];
  const java = javaHome === null ? 'java' : join(javaHome, 'bin', 'java');
  const run = spawnSync(java, [...asked, '-version'], { encoding: 'utf8', timeout: TIMEOUT_MS });
  if (run.error !== undefined || run.status === 0) return [];
  const said = `${run.stdout}${run.stderr}`.split('\n').filter((line) => /\S/.test(line));
  const reasons = said.filter((line) => !/^Error: (Could not create|A fatal exception)/.test(line));
  return reasons.map((reason) => `the options of the JVM: ${reason.trim()}`);
};
