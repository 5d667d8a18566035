import type { Selectable } from 'kysely';
import type { PoolChange, PoolStore } from '../store.ts';
import { queries, type SqliteConnection } from './connection.ts';
import type { PoolsTable } from './schema.ts';

export class SqlitePoolStore implements PoolStore {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  async all(): Promise<readonly PoolChange[]> {
    const rows = this.#connection.all(
      queries.selectFrom('pools').selectAll().orderBy('first_changed_at').orderBy('name').compile(),
    );
    return rows.map(toChange);
  }

  async put(change: PoolChange, at: number): Promise<void> {
    const row = { ...toRow(change), changed_at: at };
    this.#connection.run(
      queries
        .insertInto('pools')
        .values({ ...row, first_changed_at: at })
        .onConflict((known) => known.column('name').doUpdateSet(row))
        .compile(),
    );
  }

  async remove(name: string): Promise<void> {
    this.#connection.run(queries.deleteFrom('pools').where('name', '=', name).compile());
  }
}

const toRow = ({ name, pool }: PoolChange) => ({
  name,
  scheduling_mode: pool?.schedulingMode ?? null,
  weight: pool?.weight ?? null,
  min_share: pool?.minShare ?? null,
  max_running: pool?.maxRunning ?? null,
  max_queued: pool?.maxQueued ?? null,
});

const toChange = (row: Selectable<PoolsTable>): PoolChange => {
  const { name, scheduling_mode: schedulingMode, weight, min_share: minShare } = row;
  if (schedulingMode === null || weight === null || minShare === null) return { name, pool: null };
  const { max_running: maxRunning, max_queued: maxQueued } = row;
  return { name, pool: { name, schedulingMode, weight, minShare, maxRunning, maxQueued } };
};
