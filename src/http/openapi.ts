import swagger from '@fastify/swagger';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { Access, Api } from './api.ts';
import { type OpenApiDocument, polish } from './openapi-polish.ts';

type Json = Record<string, unknown>;
type Content = Record<string, { schema?: unknown; examples?: unknown }>;
interface Answer {
  readonly description?: string;
  readonly headers?: Json;
  readonly content?: Content;
}

const DESCRIPTION = `Statements for Apache Spark over HTTP: this server is the Spark driver itself.

Every error is \`application/problem+json\` (RFC 9457) with a \`code\` of the registry in docs/errors.md.
Clients must ignore fields and enum values that they do not know. Every answer has an \`X-Request-Id\`.
Where tokens are configured, operations need \`Authorization: Bearer\` with the role that they name.`;

const TAGS = [
  { name: 'statements', description: 'Run code, and wait for it as long as you like.' },
  { name: 'jobs', description: 'What became of a statement: state, rows, logs and events.' },
  { name: 'sessions', description: 'Views, current database and settings that belong together.' },
  { name: 'files', description: 'Programs and data of your own, for jobs to name.' },
  { name: 'pools', description: 'Shares of the driver.' },
  { name: 'health', description: 'For probes, scrapers and people on duty.' },
];

/** Headers and examples, which the transformation of schemas leaves behind. */
const restoreAnswers = (made: Record<string, Answer>, declared: Record<string, Answer>): void => {
  for (const [status, { headers, content }] of Object.entries(declared)) {
    const answer = made[status] as { headers?: Json; content?: Content } | undefined;
    if (answer === undefined) continue;
    if (headers !== undefined && Object.keys(headers).length > 0) answer.headers = headers;
    for (const [type, { examples }] of Object.entries(content ?? {})) {
      const media = answer.content?.[type];
      if (media !== undefined && examples !== undefined) media.examples = examples;
    }
  }
};

/** What no schema validates: the form is read as it arrives. */
const UPLOAD = {
  consumes: ['multipart/form-data'],
  body: {
    type: 'object',
    required: ['file'],
    properties: { file: { type: 'string', format: 'binary' } },
  },
};

const securityOf = (access: Access | undefined) =>
  access === 'public' ? [] : [{ bearer: [] as string[] }];

type Transform = typeof jsonSchemaTransform;

const transform: Transform = (document) => {
  const { schema, url } = jsonSchemaTransform(document);
  const declared = document.schema as { response?: Record<string, Answer> } | undefined;
  const made = schema as Json & { response?: Record<string, Answer> };
  if (made.response !== undefined && declared?.response !== undefined) {
    restoreAnswers(made.response, declared.response);
  }
  const access = document.route.config?.access;
  if (made.operationId === undefined) return { schema: { ...made, hide: true }, url };
  const role = access === undefined || access === 'public' ? null : access;
  return {
    schema: {
      ...made,
      ...(document.route.config?.upload === true ? UPLOAD : {}),
      security: securityOf(access),
      ...(role === null
        ? {}
        : { description: [made.description, `Role: \`${role}\`.`].filter(Boolean).join('\n\n') }),
    },
    url,
  };
};

const transformObject: typeof jsonSchemaTransformObject = (document) =>
  polish(jsonSchemaTransformObject(document) as OpenApiDocument) as ReturnType<
    typeof jsonSchemaTransformObject
  >;

/** Collects every operation that is registered after it; `app.swagger()` answers the document. */
export const openApi = (app: Api, version: string): void => {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Libra',
        version,
        description: DESCRIPTION,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      tags: TAGS,
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'Not needed where the server has no tokens configured.',
          },
        },
      },
    },
    transform,
    transformObject,
  });
};
