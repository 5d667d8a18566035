import type { Data } from 'apache-arrow';
import { isValid } from './arrow-column.ts';

/** The text of one cell; null for NULL. */
export type Cell = (row: number) => string | null;

/** Made once for a type, bound to the data of each batch. */
export type Column = (data: Data) => Cell;

/** Adds the NULLs of the column itself to a reader that knows none. */
export const column =
  (bind: Column): Column =>
  (data) => {
    if (data.length === 0) return () => null;
    const cell = bind(data);
    if (data.nullCount === 0) return cell;
    const valid = isValid(data);
    return (row) => (valid(row) ? cell(row) : null);
  };

export const VOID: Column = () => () => null;
