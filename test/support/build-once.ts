import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, rmdirSync, statSync, utimesSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const STAMP = join(ROOT, 'dist', '.tsbuildinfo');
const BUSY = join(ROOT, 'node_modules', '.libra-build');

/**
 * The compiled server, for tests that start processes of their own: Node 20 does not run
 * TypeScript. Compiles when a source is newer; answers the folder.
 */
export const buildOnce = async (): Promise<string> => {
  if (!isStale()) return join(ROOT, 'dist');
  if (await claim()) {
    const began = new Date();
    try {
      // Type faults are for `npm run check` to tell; the JavaScript is written all the same.
      await promisify(execFile)(process.execPath, [
        join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'),
        '-p',
        join(ROOT, 'tsconfig.build.json'),
      ]).catch((cause: unknown) => {
        if (modified(STAMP) === 0) throw cause;
      });
      utimesSync(STAMP, began, began);
    } finally {
      rmdirSync(BUSY);
    }
  }
  return join(ROOT, 'dist');
};

const isStale = (): boolean => {
  const built = modified(STAMP);
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  return sources.some((file) => file.endsWith('.ts') && modified(join(ROOT, 'src', file)) > built);
};

const modified = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** True for the one that has to build; the others wait for it. A build takes seconds, not minutes. */
const claim = async (): Promise<boolean> => {
  try {
    mkdirSync(BUSY);
    return true;
  } catch {
    while (Date.now() - modified(BUSY) < 120_000) {
      if (modified(BUSY) === 0) return false;
      await sleep(100);
    }
    return false;
  }
};
