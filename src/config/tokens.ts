import { z } from 'zod';
import { ANONYMOUS, ROLES, type Role } from '../domain/identity.ts';
import { isName, NAME_RULE } from '../domain/ids.ts';
import { type Kind, REJECTED } from './values.ts';

/** A bearer token as the configuration knows it: never itself, only its SHA-256. */
export interface TokenConfig {
  readonly name: string;
  /** 64 hexadecimal digits in lower case. */
  readonly sha256: string;
  readonly roles: readonly Role[];
  /** Epoch milliseconds; null for a token without an end. */
  readonly expiresAt: number | null;
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}([.]\d+)?(Z|[+-]\d{2}:\d{2})$/;

const tokenSchema = z
  .strictObject({
    name: z.string().refine((name) => isName(name) && name !== ANONYMOUS),
    sha256: z.string().regex(/^[0-9a-fA-F]{64}$/),
    roles: z.array(z.enum(ROLES)).min(1),
    expiresAt: z.string().regex(RFC3339).nullish(),
  })
  .transform(
    (token): TokenConfig => ({
      name: token.name,
      sha256: token.sha256.toLowerCase(),
      roles: token.roles,
      expiresAt: token.expiresAt == null ? null : Date.parse(token.expiresAt),
    }),
  )
  .refine((token) => token.expiresAt === null || Number.isFinite(token.expiresAt));

const tokensSchema = z.array(tokenSchema);

export const tokens: Kind<readonly TokenConfig[]> = {
  name: 'list of tokens',
  accepts:
    `a list of { name, sha256, roles, expiresAt? }: name is ${NAME_RULE}, and not ${ANONYMOUS}; ` +
    `sha256 has 64 hexadecimal digits; roles are some of ${ROLES.join(', ')}; ` +
    'expiresAt is a time such as 2030-01-31T00:00:00Z (in the environment: a JSON array)',
  parse: (raw) => {
    const parsed = tokensSchema.safeParse(raw);
    return parsed.success ? parsed.data : REJECTED;
  },
};
