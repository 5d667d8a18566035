import type { Page } from './page.ts';

/** A file that somebody has uploaded; its id can stand wherever a job names a file. */
export interface StoredFile {
  readonly id: string;
  readonly owner: string;
  /** As the client called it: for people, and the last part of the path that programs see. */
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  readonly uploadedAt: number;
}

export type FilePage = Page<StoredFile>;
