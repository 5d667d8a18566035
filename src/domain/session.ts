export const SESSION_MODES = ['SHARED', 'ISOLATED'] as const;
export type SessionMode = (typeof SESSION_MODES)[number];

export const SESSION_STATES = ['STARTING', 'RUNNING', 'STOPPING', 'DEAD'] as const;
export type SessionState = (typeof SESSION_STATES)[number];

/** The root session of the shared driver: it is always there and cannot be deleted. */
export const DEFAULT_SESSION = 'default';

export interface Session {
  readonly id: string;
  readonly owner: string;
  readonly mode: SessionMode;
  readonly state: SessionState;
  /** Why it is DEAD. */
  readonly cause: string | null;
  /** Made by POST (and so never silently made again), or by its first statement. */
  readonly explicit: boolean;
  /** A statement changed something that lives in the driver only: a view, a setting, a database. */
  readonly stateful: boolean;
  /** Run-time SQL settings that it was made with. */
  readonly sparkConfig: Readonly<Record<string, string>>;
  readonly idleTimeoutMs: number;
  readonly createdAt: number;
  readonly lastActivity: number;
  readonly endedAt: number | null;
  readonly serverId: string;
}
