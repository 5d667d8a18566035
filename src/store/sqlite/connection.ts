import type Database from 'better-sqlite3';
import { type CompiledQuery, Kysely, type RawBuilder, SqliteDialect } from 'kysely';
import type { StoreUnavailableError } from '../store.ts';
import type { StoreSchema } from './schema.ts';
import { closedError, toStoreError } from './store-errors.ts';

type Runnable = Pick<CompiledQuery, 'sql' | 'parameters'>;

const STATEMENTS_KEPT = 500;

/** Builds and compiles typed SQL; it has no database of its own. */
export const queries = new Kysely<StoreSchema>({
  dialect: new SqliteDialect({ database: () => Promise.reject(closedError()) }),
});

export const compileRaw = <R>(builder: RawBuilder<R>): CompiledQuery<R> => builder.compile(queries);

/** A query that was compiled once, with other values. */
export const bind = <R>(
  query: CompiledQuery<R>,
  ...parameters: readonly unknown[]
): CompiledQuery<R> => ({ ...query, parameters });

/**
 * Kysely compiles the SQL, and better-sqlite3 runs it here at once: a transaction is one stretch
 * that nothing interleaves with, and its rollback cannot hide the error that caused it.
 * Statements are prepared once for each SQL text.
 */
export class SqliteConnection {
  #database: Database.Database | null = null;
  #damage: StoreUnavailableError | null = null;
  readonly #statements = new Map<string, Database.Statement<unknown[]>>();

  attach(database: Database.Database): void {
    this.#database = database;
    this.#damage = null;
  }

  detach(): void {
    this.#statements.clear();
    this.#database = null;
  }

  /** Set once SQLite has found damage, until the store is opened anew: from then on nothing is written. */
  get damage(): StoreUnavailableError | null {
    return this.#damage;
  }

  get raw(): Database.Database {
    if (this.#database === null) throw closedError();
    return this.#database;
  }

  all<R>(query: CompiledQuery<R>): R[] {
    return this.#guard(() => this.#prepare(query.sql).all(...query.parameters)) as R[];
  }

  first<R>(query: CompiledQuery<R>): R | null {
    return (this.#guard(() => this.#prepare(query.sql).get(...query.parameters)) ??
      null) as R | null;
  }

  /** Answers how many rows changed. */
  run(query: Runnable): number {
    this.#refuseWhenDamaged();
    return this.#guard(() => this.#prepare(query.sql).run(...query.parameters).changes);
  }

  /** Takes the write lock first, so that what is read inside stays true until the end. */
  transaction<T>(work: () => T): T {
    this.#refuseWhenDamaged();
    return this.#guard(() => this.raw.transaction(work).immediate());
  }

  pragma(text: string): unknown {
    return this.#guard(() => this.raw.pragma(text));
  }

  #prepare(sql: string): Database.Statement<unknown[]> {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.raw.prepare<unknown[]>(sql);
    if (this.#statements.size >= STATEMENTS_KEPT) this.#statements.clear();
    this.#statements.set(sql, statement);
    return statement;
  }

  #refuseWhenDamaged(): void {
    if (this.#damage !== null) throw this.#damage;
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      const error = toStoreError(cause);
      if (isDamage(error)) this.#damage ??= error;
      throw error;
    }
  }
}

const isDamage = (error: unknown): error is StoreUnavailableError =>
  error instanceof Error &&
  'kind' in error &&
  (error.kind === 'DAMAGED' || error.kind === 'NOT_A_STORE');
