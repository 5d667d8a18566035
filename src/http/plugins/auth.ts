import { createHash, timingSafeEqual } from 'node:crypto';
import { Problem } from '../../domain/errors.ts';
import { ANONYMOUS, hasRole, type Identity, ROLES } from '../../domain/identity.ts';
import type { Api } from '../api.ts';
import type { AccessToken } from '../options.ts';

const NOBODY: Identity = { name: ANONYMOUS, roles: ROLES };

const unauthenticated = (detail: string, error: string): Problem =>
  new Problem('UNAUTHENTICATED', detail, {
    headers: { 'www-authenticate': `Bearer realm="libra"${error}` },
  });

/** Whose token it is. Every configured token is compared, so that time says nothing. */
export const identify = (tokens: readonly AccessToken[], now: () => number) => {
  const known = tokens.map((token) => ({ token, hash: Buffer.from(token.sha256, 'hex') }));
  return (sent: string): Identity | null => {
    const hash = createHash('sha256').update(sent).digest();
    let found: AccessToken | null = null;
    for (const { token, hash: expected } of known) {
      if (expected.length === hash.length && timingSafeEqual(expected, hash)) found = token;
    }
    if (found === null || (found.expiresAt !== null && found.expiresAt <= now())) return null;
    return { name: found.name, roles: found.roles };
  };
};

const bearerOf = (header: string | undefined): string | null =>
  /^bearer +([^\s]+) *$/i.exec(header ?? '')?.[1] ?? null;

/** Without tokens everybody is `anonymous` and may do everything; the host check guards instead. */
export const anonymousAuth = (app: Api): void => {
  app.addHook('onRequest', (request, _reply, done) => {
    request.caller = NOBODY;
    done();
  });
};

export const tokenAuth = (app: Api, tokens: readonly AccessToken[], now: () => number): void => {
  const identityOf = identify(tokens, now);
  app.addHook('onRequest', (request, _reply, done) => {
    const sent = bearerOf(request.headers.authorization);
    request.caller = sent === null ? null : identityOf(sent);
    // An operation that declares no access is for administrators until it does.
    const { access = 'admin' } = request.routeOptions.config;
    // Which paths and methods exist is no secret: 404 and 405 need no token.
    if (access === 'public' || request.is404) return done();
    if (sent === null) {
      return done(unauthenticated('Send a token: `Authorization: Bearer …`.', ''));
    }
    if (request.caller === null) {
      return done(
        unauthenticated('The token is not known, or has expired.', ', error="invalid_token"'),
      );
    }
    if (hasRole(request.caller, access)) return done();
    done(
      new Problem('FORBIDDEN', `This needs the role ${access} or a higher one.`, {
        headers: { 'www-authenticate': 'Bearer realm="libra", error="insufficient_scope"' },
      }),
    );
  });
};
