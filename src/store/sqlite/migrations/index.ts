import type { Migration } from 'kysely';
import { initial } from './0001-initial.ts';
import { programsAndFiles } from './0002-programs-and-files.ts';
import { pools } from './0003-pools.ts';

/** Numbered, append only: what has been released is never changed. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-initial': initial,
  '0002-programs-and-files': programsAndFiles,
  '0003-pools': pools,
};
