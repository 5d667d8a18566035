import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const SYSTEM_PYTHON = '/usr/bin/python3';
const OURS = resolve('.spark/venv/lib');

/**
 * A Python that every user of this machine can read, with the packages of the one that is set up,
 * whose interpreter may lie in the home of whoever made it. Null where the system has none that
 * fits them.
 */
export const openPython = (folder: string): string | null => {
  try {
    const [version = ''] = readdirSync(OURS).filter((name) => name.startsWith('python3.'));
    const packages = join(OURS, version, 'site-packages');
    execFileSync(SYSTEM_PYTHON, ['-m', 'venv', '--without-pip', folder], { stdio: 'ignore' });
    writeFileSync(join(folder, 'lib', version, 'site-packages', 'ours.pth'), `${packages}\n`);
    chmodSync(folder, 0o755);
    const python = join(folder, 'bin', 'python');
    execFileSync(python, ['-c', 'import pyspark, pandas, pyarrow'], { stdio: 'ignore' });
    return python;
  } catch {
    return null;
  }
};
