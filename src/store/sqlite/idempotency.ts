import type { CreateJobAnswer, IdempotencyKey, KeyedResource } from '../store.ts';
import { queries, type SqliteConnection } from './connection.ts';
import type { IdempotencyKeysTable } from './schema.ts';

type ResourceKind = IdempotencyKeysTable['resource_kind'];

export const findKey = (
  connection: SqliteConnection,
  owner: string,
  operation: string,
  key: string,
): KeyedResource | null =>
  connection.first(
    queries
      .selectFrom('idempotency_keys')
      .select(['resource_id as resourceId', 'body_hash as bodyHash'])
      .where('owner', '=', owner)
      .where('operation', '=', operation)
      .where('key', '=', key)
      .compile(),
  );

/** Inside the transaction that makes the resource: what the key led to before, or null. */
export const replayOf = (
  connection: SqliteConnection,
  idempotency: IdempotencyKey | null,
): Extract<CreateJobAnswer, { created: false }> | null => {
  if (idempotency === null) return null;
  const { owner, operation, key } = idempotency;
  const known = findKey(connection, owner, operation, key);
  return known === null ? null : { created: false, ...known };
};

export const keepKey = (
  connection: SqliteConnection,
  idempotency: IdempotencyKey | null,
  resourceKind: ResourceKind,
  resourceId: string,
): void => {
  if (idempotency === null) return;
  connection.run(
    queries
      .insertInto('idempotency_keys')
      .values({
        owner: idempotency.owner,
        operation: idempotency.operation,
        key: idempotency.key,
        body_hash: idempotency.bodyHash,
        resource_kind: resourceKind,
        resource_id: resourceId,
      })
      .compile(),
  );
};

export const forgetKeys = (
  connection: SqliteConnection,
  resourceKind: ResourceKind,
  resourceId: string,
): void => {
  connection.run(
    queries
      .deleteFrom('idempotency_keys')
      .where('resource_kind', '=', resourceKind)
      .where('resource_id', '=', resourceId)
      .compile(),
  );
};
