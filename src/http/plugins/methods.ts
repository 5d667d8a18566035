import { Problem } from '../../domain/errors.ts';
import type { Api } from '../api.ts';
import { pathOf } from './errors.ts';

/** The methods that a path knows; empty for an unknown path. */
export type MethodsOf = (path: string) => readonly string[];

const patternOf = (url: string): RegExp =>
  new RegExp(
    `^${url
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replace(/:\w+/g, '[^/]+')
      .replace(/\*/g, '.*')}$`,
  );

/** Learns every route that is registered after `learn`. */
export const routeMethods = (): { readonly learn: (app: Api) => void; readonly of: MethodsOf } => {
  const routes = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  return {
    learn: (app) => {
      app.addHook('onRoute', ({ url, method }) => {
        const route = routes.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() };
        for (const one of [method].flat()) route.methods.add(one);
        routes.set(url, route);
      });
    },
    of: (path) => {
      const known = [...routes.values()]
        .filter(({ pattern }) => pattern.test(path))
        .flatMap(({ methods }) => [...methods]);
      return known.length === 0 ? [] : [...new Set([...known, 'OPTIONS'])].sort();
    },
  };
};

export const methodNotAllowed = (method: string, allowed: readonly string[]): Problem =>
  new Problem('METHOD_NOT_ALLOWED', `${method} is not known here; ${allowed.join(', ')} are.`, {
    headers: { allow: allowed.join(', ') },
  });

export const nothingHere = (path: string): Problem =>
  new Problem(
    'NOT_FOUND',
    `There is nothing under ${path.slice(0, 200)}. /openapi.json and /swagger-ui.html describe what there is.`,
  );

/** 404, 405 and OPTIONS, before a body is read. */
export const unknownRoutes = (app: Api, methodsOf: MethodsOf): void => {
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done();
    const path = pathOf(request.url);
    const allowed = methodsOf(path);
    if (allowed.length === 0) return done(nothingHere(path));
    if (request.method !== 'OPTIONS') return done(methodNotAllowed(request.method, allowed));
    reply.code(204).header('allow', allowed.join(', ')).send();
  });
  // What gets past the hook: a static file that is not there.
  app.setNotFoundHandler((request) => {
    throw nothingHere(pathOf(request.url));
  });
};
