import { type Selectable, sql } from 'kysely';
import type { FilePage, StoredFile } from '../../domain/file.ts';
import type { CreateJobAnswer, FileStore, IdempotencyKey } from '../store.ts';
import { compileRaw, queries, type SqliteConnection } from './connection.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { forgetKeys, keepKey, replayOf } from './idempotency.ts';
import type { FilesTable } from './schema.ts';

const allBytes = compileRaw<{ bytes: number }>(
  sql`SELECT coalesce(sum(size), 0) AS bytes FROM files`,
);

export class SqliteFileStore implements FileStore {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  async create(file: StoredFile, idempotency: IdempotencyKey | null): Promise<CreateJobAnswer> {
    return this.#connection.transaction((): CreateJobAnswer => {
      const known = replayOf(this.#connection, idempotency);
      if (known !== null) return known;
      this.#connection.run(queries.insertInto('files').values(toRow(file)).compile());
      keepKey(this.#connection, idempotency, 'file', file.id);
      return { created: true };
    });
  }

  async get(id: string): Promise<StoredFile | null> {
    const row = this.#connection.first(
      queries.selectFrom('files').selectAll().where('id', '=', id).compile(),
    );
    return row === null ? null : toFile(row);
  }

  async list(owner: string | null, limit: number, cursor: string | null): Promise<FilePage> {
    const after = cursor === null ? null : decodeCursor(cursor);
    let query = queries.selectFrom('files').selectAll();
    if (owner !== null) query = query.where('owner', '=', owner);
    if (after !== null) {
      query = query.where(sql<boolean>`(uploaded_at, id) < (${after.submittedAt}, ${after.id})`);
    }
    const rows = this.#connection.all(
      query
        .orderBy('uploaded_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .compile(),
    );
    const items = rows.slice(0, limit).map(toFile);
    const last = items.at(-1);
    return {
      items,
      nextCursor:
        rows.length > limit && last !== undefined
          ? encodeCursor({ submittedAt: last.uploadedAt, id: last.id })
          : null,
    };
  }

  async remove(id: string): Promise<boolean> {
    return this.#connection.transaction(() => {
      const query = queries.deleteFrom('files').where('id', '=', id);
      if (this.#connection.run(query.compile()) === 0) return false;
      forgetKeys(this.#connection, 'file', id);
      return true;
    });
  }

  async totalBytes(): Promise<number> {
    return this.#connection.first(allBytes)?.bytes ?? 0;
  }
}

const toRow = (file: StoredFile): FilesTable => ({
  id: file.id,
  owner: file.owner,
  name: file.name,
  size: file.size,
  sha256: file.sha256,
  uploaded_at: file.uploadedAt,
});

const toFile = (row: Selectable<FilesTable>): StoredFile => ({
  id: row.id,
  owner: row.owner,
  name: row.name,
  size: row.size,
  sha256: row.sha256,
  uploadedAt: row.uploaded_at,
});
