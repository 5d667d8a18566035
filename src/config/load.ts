import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assemble, type Places, type Settings } from './assemble.ts';
import { ConfigError, type ConfigFault } from './config-error.ts';
import { type ConfigFiles, diskFiles } from './config-files.ts';
import { type Env, mergeEntries, type Source } from './entries.ts';
import { readEnvironmentSource } from './environment-source.ts';
import { deepFreeze } from './freeze.ts';
import { hostEnvironment } from './host-environment.ts';
import { chooseProfiles } from './profiles.ts';
import type { LibraConfig } from './schema.ts';
import { duplicateTokenFault, exposureFault, readTokensFile, runAsFault } from './security.ts';
import { readYamlSource } from './yaml-source.ts';

export interface LoadOptions {
  /** The folder that holds package.json; `config/` and `.spark/` are looked up there. */
  readonly projectRoot?: string;
  /** Where relative paths start. */
  readonly workingDir?: string;
  readonly files?: ConfigFiles;
}

/** `src/config` and `dist/config` are equally deep. */
const PROJECT_ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The configuration of this process: the only place that reads its environment. */
export const loadFromProcess = (): LibraConfig => load(process.env, { workingDir: process.cwd() });

/**
 * Hands the environment to what runs in this process beside us. The JVM reads SPARK_LOCAL_IP and
 * SPARK_HOME from there alone, so this comes before it is loaded.
 */
export const applyToProcess = (config: LibraConfig): void => {
  process.env.SPARK_HOME = config.spark.home;
  if (config.spark.localIp !== null) process.env.SPARK_LOCAL_IP = config.spark.localIp;
  // It has been read, and Spark's Python workers inherit what is left: users' functions run there.
  for (const name of Object.keys(process.env)) {
    if (/^LIBRA_/.test(name) || name === 'SPARK_CONFIG') delete process.env[name];
  }
};

/** What the driver in this process starts inherits the mark, and is found by it (src/processes). */
export const markProcess = (name: string, value: string): void => {
  process.env[name] = value;
};

/** Reads files, then the environment; throws one ConfigError with every fault. */
export const load = (env: Env, options: LoadOptions = {}): LibraConfig => {
  const files = options.files ?? diskFiles;
  const workingDir = options.workingDir ?? process.cwd();
  const projectRoot = options.projectRoot ?? PROJECT_ROOT;
  const configDir = resolve(workingDir, env.LIBRA_CONFIG_DIR || join(projectRoot, 'config'));
  const places: Places = { projectRoot, configDir, workingDir };

  const profiles = chooseProfiles(env, configDir, files);
  const sources = [
    ...profiles.files.map((file) => readFile(join(configDir, file), workingDir, env, files)),
    readEnvironmentSource(env),
  ];
  const entries = mergeEntries(sources.flatMap((source) => source.entries));
  const { settings, faults: valueFaults } = assemble(entries, places);
  const faults: ConfigFault[] = [
    ...profiles.faults,
    ...sources.flatMap((source) => source.faults),
    ...valueFaults,
  ];
  const warnings = [...profiles.warnings, ...sources.flatMap((source) => source.warnings)];
  if (valueFaults.length > 0) throw new ConfigError(faults);

  const whole = withTokensFile(settings, files);
  faults.push(...whole.faults);
  warnings.push(...whole.warnings);
  const where = (name: string): string => entries.get(name)?.where ?? 'server.address';
  const exposure = exposureFault(whole.settings, where('server.address'));
  // A tokens file that could not be read is the fault to mend, not the missing tokens.
  if (exposure !== null && whole.faults.length === 0) faults.push(exposure);
  const runAs = runAsFault(whole.settings, where('libra.session.run-as'));
  if (runAs !== null && whole.faults.length === 0) faults.push(runAs);
  if (faults.length > 0) throw new ConfigError(faults);

  return deepFreeze({
    ...whole.settings,
    profiles: profiles.names,
    environment: hostEnvironment(env, whole.settings.libra.driver.environment),
    projectRoot,
    configDir,
    warnings,
  });
};

const readFile = (path: string, workingDir: string, env: Env, files: ConfigFiles): Source => {
  // Short where it can be: people look at the file from where they started the server.
  const near = relative(workingDir, path);
  const shown = near.startsWith('..') ? path : near;
  try {
    return readYamlSource(shown, files.read(path) ?? '', env);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return {
      entries: [],
      faults: [{ where: shown, message: `cannot be read (${code})` }],
      warnings: [],
    };
  }
};

const withTokensFile = (settings: Settings, files: ConfigFiles) => {
  const { security } = settings.libra;
  const file = readTokensFile(security.tokensFile, files);
  const tokens = [...security.tokens, ...file.tokens];
  const twice = duplicateTokenFault(tokens, security.tokensFile ?? 'libra.security');
  return {
    settings: {
      ...settings,
      libra: { ...settings.libra, security: { ...security, tokens } },
    } satisfies Settings,
    faults: twice === null ? file.faults : [...file.faults, twice],
    warnings: file.warnings,
  };
};
