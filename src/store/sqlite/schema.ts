import type { ExecutorKind, JobKind, JobState, WaitingFor } from '../../domain/job.ts';
import type { SchedulingMode } from '../../domain/pool.ts';
import type { SessionMode, SessionState } from '../../domain/session.ts';

/** Truth values are 0 and 1, times milliseconds since the epoch, structures JSON text. */
export type Bit = 0 | 1;

export interface JobsTable {
  id: string;
  session_id: string;
  owner: string;
  executor: ExecutorKind;
  kind: JobKind;
  pool: string;
  name: string | null;
  state: JobState;
  attempt: number;
  request_id: string | null;
  submitted_at: number;
  started_at: number | null;
  completed_at: number | null;
  progress: number;
  waiting_for: WaitingFor | null;
  cancel_cause: string | null;
  result_pruned_at: number | null;
  server_id: string;
  last_event_id: number;
  error: string | null;
  request: string;
  result: string | null;
  code: string | null;
  result_text: string | null;
  application_id: string | null;
  spark_ui_url: string | null;
}

export interface JobTagsTable {
  job_id: string;
  key: string;
  value: string;
  submitted_at: number;
}

export interface JobSecretsTable {
  job_id: string;
  secrets: string;
}

export interface JobCountsTable {
  state: JobState;
  jobs: number;
}

export interface IdempotencyKeysTable {
  owner: string;
  operation: string;
  key: string;
  body_hash: string;
  resource_kind: 'job' | 'session' | 'file';
  resource_id: string;
}

export interface SessionsTable {
  id: string;
  owner: string;
  mode: SessionMode;
  state: SessionState;
  cause: string | null;
  explicit: Bit;
  stateful: Bit;
  spark_config: string;
  idle_timeout_ms: number;
  created_at: number;
  last_activity: number;
  ended_at: number | null;
  server_id: string;
}

export interface FilesTable {
  id: string;
  owner: string;
  name: string;
  size: number;
  sha256: string;
  uploaded_at: number;
}

/** All but the name is null for a pool of the file that was deleted. */
export interface PoolsTable {
  name: string;
  scheduling_mode: SchedulingMode | null;
  weight: number | null;
  min_share: number | null;
  max_running: number | null;
  max_queued: number | null;
  first_changed_at: number;
  changed_at: number;
}

export interface ServersTable {
  id: string;
  registered_at: number;
  heartbeat_at: number;
}

export interface StoreKeysTable {
  name: string;
  value: Buffer;
}

export interface ProbesTable {
  id: number;
  filler: Buffer;
}

export interface StoreSchema {
  jobs: JobsTable;
  job_tags: JobTagsTable;
  job_secrets: JobSecretsTable;
  job_counts: JobCountsTable;
  idempotency_keys: IdempotencyKeysTable;
  sessions: SessionsTable;
  files: FilesTable;
  pools: PoolsTable;
  servers: ServersTable;
  store_keys: StoreKeysTable;
  probes: ProbesTable;
}
