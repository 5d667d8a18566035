import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadFromProcess } from '../config/load.ts';
import { BackupExistsError, copyDataDirectory } from '../store/sqlite/copy.ts';

const USAGE = `Usage: libra backup [--data-dir DIR] [--force] FILE

Copies the store of the data directory to FILE, also while the server runs.
To restore: stop the server, put FILE in place of libra.db in the data directory
and remove libra.db-wal and libra.db-shm beside it.

  --data-dir DIR   the data directory; otherwise the one that the configuration names
  --force          replace FILE when it is there
  --help           show this
`;

interface Command {
  readonly dataDir: string | null;
  readonly force: boolean;
  readonly help: boolean;
  readonly files: readonly string[];
}

const read = (args: readonly string[]): Command => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      'data-dir': { type: 'string' },
      force: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    dataDir: values['data-dir'] ?? null,
    force: values.force,
    help: values.help,
    files: positionals,
  };
};

/** Answers the exit code: 0 done, 1 failed, 2 wrongly called. */
const main = async (args: readonly string[]): Promise<number> => {
  let command: Command;
  try {
    command = read(args);
  } catch (error) {
    return complain(`${messageOf(error)}\n\n${USAGE}`, 2);
  }
  if (command.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [file, ...more] = command.files;
  if (file === undefined || file === '' || more.length > 0) {
    return complain(`One FILE is needed.\n\n${USAGE}`, 2);
  }
  try {
    const dataDir = resolve(command.dataDir ?? loadFromProcess().libra.dataDir);
    const { bytes } = await copyDataDirectory(dataDir, resolve(file), { overwrite: command.force });
    process.stdout.write(`The store is copied to ${file} (${bytes} bytes, checked).\n`);
    return 0;
  } catch (error) {
    const hint = error instanceof BackupExistsError ? '; --force replaces it' : '';
    return complain(`${messageOf(error)}${hint}\n`, 1);
  }
};

const complain = (text: string, exitCode: number): number => {
  process.stderr.write(`libra backup: ${text}`);
  return exitCode;
};

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

process.exitCode = await main(process.argv.slice(2));
