export const ROLES = ['viewer', 'user', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who calls. `anonymous` with every role where no tokens are configured. */
export interface Identity {
  readonly name: string;
  readonly roles: readonly Role[];
}

export const ANONYMOUS = 'anonymous';

const rank = (identity: Identity): number =>
  Math.max(-1, ...identity.roles.map((role) => ROLES.indexOf(role)));

/** Roles build on each other: an admin may do what an operator may. */
export const hasRole = (identity: Identity, role: Role): boolean =>
  rank(identity) >= ROLES.indexOf(role);

/** What belongs to others is not there, unless the role allows it. */
export const maySee = (identity: Identity, owner: string): boolean =>
  identity.name === owner || hasRole(identity, 'operator');
