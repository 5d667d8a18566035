import { join } from 'node:path';
import type { ConfigFault } from './config-error.ts';
import type { ConfigFiles } from './config-files.ts';
import type { Env } from './entries.ts';
import { nearest } from './nearest.ts';

const DEFAULT_PROFILE = 'local';

export interface Profiles {
  readonly names: readonly string[];
  /** `application.yml`, then one file for each profile: later ones win. */
  readonly files: readonly string[];
  readonly faults: readonly ConfigFault[];
  readonly warnings: readonly string[];
}

const namesIn = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** Which files hold. Spring's variable counts where ours is not set, so that deployments move over. */
export const chooseProfiles = (env: Env, configDir: string, files: ConfigFiles): Profiles => {
  const ours = namesIn(env.LIBRA_PROFILES);
  const springs = namesIn(env.SPRING_PROFILES_ACTIVE);
  const variable =
    ours.length > 0 || springs.length === 0 ? 'LIBRA_PROFILES' : 'SPRING_PROFILES_ACTIVE';
  const chosen = ours.length > 0 ? ours : springs;
  const names = chosen.length > 0 ? [...new Set(chosen)] : [DEFAULT_PROFILE];

  const present = files.list(configDir);
  const known = present.flatMap((file) => /^application-(.+)[.]yml$/.exec(file)?.[1] ?? []).sort();
  const faults: ConfigFault[] = [];
  if (!present.includes('application.yml')) {
    const message = 'is not there; LIBRA_CONFIG_DIR names the folder that holds it';
    faults.push({ where: join(configDir, 'application.yml'), message });
  }
  for (const name of names.filter((candidate) => !known.includes(candidate))) {
    const meant = nearest(name, known);
    const hint =
      meant === null ? `known are ${known.join(', ') || 'none'}` : `did you mean ${meant}?`;
    const where = chosen.length > 0 ? variable : configDir;
    faults.push({ where, message: `there is no application-${name}.yml in ${configDir}; ${hint}` });
  }
  const loaded = [null, ...names.filter((name) => known.includes(name))];
  return {
    names,
    files: loaded
      .map((name) => (name === null ? 'application.yml' : `application-${name}.yml`))
      .filter((file) => present.includes(file)),
    faults,
    warnings:
      ours.length > 0 && springs.length > 0 && ours.join() !== springs.join()
        ? ['SPRING_PROFILES_ACTIVE is not read, because LIBRA_PROFILES is set']
        : [],
  };
};
