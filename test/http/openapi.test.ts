import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, describe, expect, it } from 'vitest';
import { describeApi } from '../../src/http/describe.ts';
import { testApp } from '../support/http-app.ts';
import { standIns } from '../support/http-services.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8'));

type Json = Record<string, unknown>;
interface Media {
  readonly schema: unknown;
  readonly examples?: Record<string, { readonly value: unknown }>;
}
interface Answer {
  readonly description: string;
  readonly content?: Record<string, Media>;
  readonly $ref?: string;
}
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly unknown[];
  readonly requestBody?: { readonly content: Record<string, Media> };
  readonly responses: Record<string, Answer>;
}
interface Document extends Json {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: {
    readonly responses: Record<string, Answer>;
    readonly securitySchemes: Json;
  };
}

let document: Document;
let operations: { readonly path: string; readonly method: string; readonly of: Operation }[];

beforeAll(async () => {
  document = (await describeApi(version)) as Document;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, of]) => ({ path, method, of })),
  );
});

describe('the description of the interface', () => {
  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const answer = await validator.validate(structuredClone(document));
    expect(answer.errors).toBeUndefined();
    expect(answer.valid).toBe(true);
    expect(validator.version).toBe('3.1');
  });

  it('stands in docs/openapi.json as it is generated (npm run docs)', () => {
    const file = JSON.parse(readFileSync(resolve(ROOT, 'docs/openapi.json'), 'utf8'));
    expect(file).toEqual(document);
  });

  it('is what the server serves', async () => {
    const { app } = testApp(standIns(), { version });
    const served = await app.inject({ url: '/openapi.json' });
    expect(served.headers['content-type']).toContain('application/json');
    expect(served.json()).toEqual(document);
  });

  it('names every operation of the contract once', () => {
    const ids = operations.map(({ of }) => of.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.sort()).toEqual(
      [
        'actuator.health',
        'actuator.info',
        'actuator.links',
        'actuator.liveness',
        'actuator.metric',
        'actuator.metrics',
        'actuator.prometheus',
        'actuator.readiness',
        'files.create',
        'files.get',
        'files.list',
        'files.remove',
        'health.get',
        'jobs.cancel',
        'jobs.events',
        'jobs.get',
        'jobs.list',
        'jobs.logs',
        'jobs.remove',
        'jobs.rerun',
        'jobs.result',
        'pools.get',
        'pools.list',
        'pools.put',
        'pools.remove',
        'sessions.create',
        'sessions.get',
        'sessions.list',
        'sessions.remove',
        'statements.create',
        'statements.list',
      ].sort(),
    );
  });

  it('gives each a summary, a tag, security, examples and the problems it answers', () => {
    const resolved = (answer: Answer): Answer =>
      answer.$ref === undefined
        ? answer
        : (document.components.responses[answer.$ref.split('/').at(-1) ?? ''] as Answer);
    for (const { path, method, of } of operations) {
      const where = `${method} ${path}`;
      expect(of.summary, where).toMatch(/\S/);
      expect(of.tags, where).toHaveLength(1);
      expect(of.security, where).toBeDefined();
      for (const [status, answer] of Object.entries(of.responses)) {
        const { content = {}, description } = resolved(answer);
        expect(description, `${where} ${status}`).not.toBe('Default Response');
        for (const [type, media] of Object.entries(content)) {
          if (status === 'default') continue;
          expect(Object.keys(media.examples ?? {}), `${where} ${status} ${type}`).not.toEqual([]);
        }
      }
      const body = of.requestBody?.content['application/json'];
      if (body !== undefined && of.operationId !== 'jobs.cancel') {
        expect(Object.keys(body.examples ?? {}), `${where} body`).not.toEqual([]);
      }
      expect(of.responses['500'], where).toBeDefined();
      if (of.security.length > 0) {
        expect(Object.keys(of.responses), where).toEqual(expect.arrayContaining(['401', '403']));
      }
    }
  });

  it('knows where each body may be left out', () => {
    const required = Object.fromEntries(
      operations
        .filter(({ of }) => of.requestBody !== undefined)
        .map(({ of }) => [of.operationId, (of.requestBody as { required?: boolean }).required]),
    );
    expect(required).toEqual({
      'files.create': true,
      'pools.put': true,
      'statements.create': true,
      'sessions.create': false,
      'jobs.cancel': false,
      'jobs.rerun': false,
    });
  });
});

describe('Swagger UI', () => {
  it('is where people look for it, and loads only from this server', async () => {
    const { app } = testApp(standIns());
    const start = await app.inject({ url: '/' });
    expect([start.statusCode, start.headers.location]).toEqual([302, '/swagger-ui.html']);
    const page = await app.inject({ url: '/swagger-ui.html' });
    expect([page.statusCode, page.headers.location]).toEqual([302, '/swagger-ui/']);
    const ui = await app.inject({ url: '/swagger-ui/' });
    expect(ui.statusCode).toBe(200);
    expect(ui.headers['content-security-policy']).toContain("script-src 'self'");
    for (const [, asset] of ui.body.matchAll(/(?:src|href)="\.\/([^"]+)"/g)) {
      const got = await app.inject({ url: `/swagger-ui/${asset}` });
      expect(got.statusCode, asset).toBe(200);
    }
    // A page with scripts or styles of its own would be blocked by that policy.
    expect(ui.body).not.toMatch(/<script(?![^>]*\bsrc=)/);
  });
});
