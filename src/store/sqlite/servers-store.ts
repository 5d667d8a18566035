import { randomBytes } from 'node:crypto';
import type { ServerStore } from '../store.ts';
import { queries, type SqliteConnection } from './connection.ts';

const KEY_NAME = 'keyed-hash';

export class SqliteServerStore implements ServerStore {
  readonly #connection: SqliteConnection;
  readonly #onRegistered: (serverId: string) => void;

  constructor(connection: SqliteConnection, onRegistered: (serverId: string) => void) {
    this.#connection = connection;
    this.#onRegistered = onRegistered;
  }

  async register(serverId: string, at: number): Promise<void> {
    const query = queries
      .insertInto('servers')
      .values({ id: serverId, registered_at: at, heartbeat_at: at })
      .onConflict((row) => row.column('id').doUpdateSet({ registered_at: at, heartbeat_at: at }));
    this.#connection.run(query.compile());
    this.#onRegistered(serverId);
  }

  async heartbeat(serverId: string, at: number): Promise<void> {
    const query = queries
      .updateTable('servers')
      .set({ heartbeat_at: at })
      .where('id', '=', serverId);
    this.#connection.run(query.compile());
  }

  async secretKey(): Promise<Buffer> {
    return this.#connection.transaction(() => {
      const known = this.#connection.first(
        queries.selectFrom('store_keys').select('value').where('name', '=', KEY_NAME).compile(),
      );
      if (known !== null) return known.value;
      const value = randomBytes(32);
      this.#connection.run(
        queries.insertInto('store_keys').values({ name: KEY_NAME, value }).compile(),
      );
      return value;
    });
  }
}
