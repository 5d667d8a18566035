import swaggerUi from '@fastify/swagger-ui';
import type { Api } from './api.ts';

/** Swagger UI styles elements itself; everything else comes from this server. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The interface for people and for programs. It holds no data, so it needs no token. */
export const registerDocs = (app: Api): void => {
  const page = { access: 'public', operation: 'docs' } as const;
  const hidden = { hide: true };
  app.get('/', { config: page, schema: hidden }, (_request, reply) =>
    reply.redirect('/swagger-ui.html'),
  );
  app.get('/swagger-ui.html', { config: page, schema: hidden }, (_request, reply) =>
    reply.redirect('/swagger-ui/'),
  );
  app.get('/openapi.json', { config: page, schema: hidden }, () => app.swagger());
  app.register((ui, _options, done) => {
    ui.addHook('onRoute', (route) => {
      route.config = { ...route.config, ...page };
    });
    ui.register(swaggerUi, {
      routePrefix: '/swagger-ui',
      staticCSP: CSP,
      uiConfig: { validatorUrl: null, deepLinking: true, docExpansion: 'list' },
    });
    done();
  });
};
