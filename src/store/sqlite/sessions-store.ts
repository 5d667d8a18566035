import { type Selectable, sql } from 'kysely';
import type { Session, SessionState } from '../../domain/session.ts';
import type { CreateJobAnswer, IdempotencyKey, SessionStore } from '../store.ts';
import { queries, type SqliteConnection } from './connection.ts';
import { forgetKeys, keepKey, replayOf } from './idempotency.ts';
import { fromJson } from './job-rows.ts';
import type { SessionsTable } from './schema.ts';

type SessionAnswer = CreateJobAnswer | { readonly taken: true };

export class SqliteSessionStore implements SessionStore {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  async create(session: Session, idempotency: IdempotencyKey | null): Promise<SessionAnswer> {
    return this.#connection.transaction((): SessionAnswer => {
      const known = replayOf(this.#connection, idempotency);
      if (known !== null) return known;
      const before = this.#find(session.id);
      if (before !== null && before.state !== 'DEAD') return { taken: true };
      if (before !== null) this.#forget(session.id);
      this.#connection.run(queries.insertInto('sessions').values(toRow(session)).compile());
      keepKey(this.#connection, idempotency, 'session', session.id);
      return { created: true };
    });
  }

  async get(id: string): Promise<Session | null> {
    return this.#find(id);
  }

  async live(): Promise<readonly Session[]> {
    const query = queries
      .selectFrom('sessions')
      .selectAll()
      .where('state', '<>', sql.lit('DEAD'))
      .orderBy('created_at')
      .orderBy('id');
    return this.#connection.all(query.compile()).map(toSession);
  }

  async transition(
    id: string,
    from: readonly SessionState[],
    to: SessionState,
    cause: string | null,
    at: number,
  ): Promise<boolean> {
    const query = queries
      .updateTable('sessions')
      .set({ state: to, cause, ended_at: to === 'DEAD' ? at : null })
      .where('id', '=', id)
      .where('state', 'in', from);
    return this.#connection.run(query.compile()) === 1;
  }

  async touch(id: string, at: number): Promise<void> {
    const query = queries
      .updateTable('sessions')
      .set({ last_activity: at })
      .where('id', '=', id)
      .where('last_activity', '<', at);
    this.#connection.run(query.compile());
  }

  async markStateful(id: string): Promise<void> {
    const query = queries
      .updateTable('sessions')
      .set({ stateful: 1 })
      .where('id', '=', id)
      .where('stateful', '=', 0);
    this.#connection.run(query.compile());
  }

  async prune(endedBefore: number): Promise<number> {
    return this.#connection.transaction(() => {
      const ended = this.#connection.all(
        queries
          .selectFrom('sessions')
          .select('id')
          .where('state', '=', sql.lit('DEAD'))
          .where('ended_at', '<', endedBefore)
          .compile(),
      );
      for (const { id } of ended) this.#forget(id);
      return ended.length;
    });
  }

  #find(id: string): Session | null {
    const row = this.#connection.first(
      queries.selectFrom('sessions').selectAll().where('id', '=', id).compile(),
    );
    return row === null ? null : toSession(row);
  }

  #forget(id: string): void {
    this.#connection.run(queries.deleteFrom('sessions').where('id', '=', id).compile());
    forgetKeys(this.#connection, 'session', id);
  }
}

const toRow = (session: Session): SessionsTable => ({
  id: session.id,
  owner: session.owner,
  mode: session.mode,
  state: session.state,
  cause: session.cause,
  explicit: session.explicit ? 1 : 0,
  stateful: session.stateful ? 1 : 0,
  spark_config: JSON.stringify(session.sparkConfig),
  idle_timeout_ms: session.idleTimeoutMs,
  created_at: session.createdAt,
  last_activity: session.lastActivity,
  ended_at: session.endedAt,
  server_id: session.serverId,
});

const toSession = (row: Selectable<SessionsTable>): Session => ({
  id: row.id,
  owner: row.owner,
  mode: row.mode,
  state: row.state,
  cause: row.cause,
  explicit: row.explicit === 1,
  stateful: row.stateful === 1,
  sparkConfig: fromJson<Record<string, string>>(row.spark_config, `session ${row.id}`),
  idleTimeoutMs: row.idle_timeout_ms,
  createdAt: row.created_at,
  lastActivity: row.last_activity,
  endedAt: row.ended_at,
  serverId: row.server_id,
});
