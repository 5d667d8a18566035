import type { FastifyRequest } from 'fastify';
import { Problem } from '../../domain/errors.ts';
import type { Api } from '../api.ts';

interface HostPort {
  readonly name: string;
  readonly port: string | null;
}

const splitHost = (text: string): HostPort | null => {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]/@\s]+)(?::(\d{1,5}))?$/.exec(text.trim().toLowerCase());
  const [, name, port] = match ?? [];
  return name === undefined ? null : { name: name.replace(/\.$/, ''), port: port ?? null };
};

const isLoopbackName = (name: string): boolean =>
  name === 'localhost' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name);

const sameHost = (allowed: HostPort, asked: HostPort): boolean =>
  allowed.name === asked.name && (allowed.port === null || allowed.port === asked.port);

/** Who may be named in Host and Origin while anybody may call. */
export const hostRule = (allowedHosts: readonly string[]) => {
  const listed = allowedHosts.map(splitHost).filter((host) => host !== null);
  const known = (host: HostPort): boolean =>
    isLoopbackName(host.name) || listed.some((allowed) => sameHost(allowed, host));

  const hostFault = (host: string | undefined): string | null => {
    const asked = host === undefined ? null : splitHost(host);
    if (asked !== null && known(asked)) return null;
    return 'Without tokens the server answers only under a loopback name, or one listed in libra.security.allowed-hosts.';
  };

  /** A page of another site may not use the browser of somebody who can reach the server. */
  const originFault = (request: FastifyRequest): string | null => {
    const { origin, host } = request.headers;
    const fault = 'Without tokens the server answers no page of another site.';
    if (origin !== undefined) {
      if (/^https?:\/\//.test(origin) && origin.replace(/^https?:\/\//, '') === host) return null;
      const from = /^https?:\/\//.test(origin) ? splitHost(origin.replace(/^\w+:\/\//, '')) : null;
      // Another port of this machine is another site: it has to be listed with its port.
      const trusted = (one: HostPort) =>
        from !== null && sameHost(one, from) && (one.port !== null || !isLoopbackName(one.name));
      return listed.some(trusted) ? null : fault;
    }
    // Browsers leave Origin out of plain GETs; following a link to the documentation is fine.
    const site = request.headers['sec-fetch-site'];
    const foreign = site === 'cross-site' || site === 'same-site';
    const navigates = request.headers['sec-fetch-mode'] === 'navigate' && request.method === 'GET';
    return foreign && !navigates ? fault : null;
  };

  return (request: FastifyRequest): string | null =>
    hostFault(request.headers.host) ?? originFault(request);
};

/**
 * Guards an anonymous server against DNS rebinding and against pages that send requests through
 * somebody's browser. A bearer token guards by itself: no page can make a browser send it.
 */
export const hostCheck = (app: Api, allowedHosts: readonly string[]): void => {
  const faultOf = hostRule(allowedHosts);
  app.addHook('onRequest', (request, _reply, done) => {
    const fault = faultOf(request);
    if (fault === null) return done();
    if (request.routeOptions.config.anyHost === true) {
      // Health answers everybody, but only insiders get details.
      request.caller = null;
      return done();
    }
    done(new Problem('HOST_NOT_ALLOWED', fault));
  });
};
