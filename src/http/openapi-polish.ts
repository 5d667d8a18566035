import { PROBLEM_TYPE } from './answers.ts';

type Json = Record<string, unknown>;

interface Operation {
  parameters?: { in: string; name: string }[];
  requestBody?: { required?: boolean; content: Record<string, { schema: { anyOf?: Json[] } }> };
  responses: Record<string, Json>;
}

export interface OpenApiDocument {
  paths?: Record<string, Record<string, Operation>>;
  components?: { schemas?: Json };
}

const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null;

/** Calls for each schema object in a tree, the inner ones first. */
const eachSchema = (node: unknown, call: (schema: Json) => void): void => {
  if (!isRecord(node)) return;
  for (const [key, child] of Object.entries(node)) {
    if (key !== 'examples' && key !== 'example') eachSchema(child, call);
  }
  if (!Array.isArray(node)) call(node);
};

/** What a schema says of text on the wire, where a type is declared beside it. */
const preferDeclaredType = (schema: Json): void => {
  // The bounds of JavaScript say nothing about the interface.
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.format === 'date-time') delete schema.pattern;
  if (schema.type === 'integer' && schema.pattern !== undefined) {
    delete schema.pattern;
    if (typeof schema.default === 'string') schema.default = Number(schema.default);
  }
  if (schema.type === 'array' && schema.anyOf !== undefined) delete schema.anyOf;
};

/** Answers may grow: clients ignore what they do not know. */
const leaveOpen = (schema: Json): void => {
  if (schema.additionalProperties === false) delete schema.additionalProperties;
};

/** A body that may be left out stands there as `anyOf: [object, null]`. */
const relaxBody = ({ requestBody }: Operation): void => {
  for (const media of Object.values(requestBody?.content ?? {})) {
    const { anyOf } = media.schema;
    const [object] = anyOf?.filter(({ type }) => type !== 'null') ?? [];
    if (requestBody === undefined || anyOf === undefined || object === undefined) continue;
    if (anyOf.length !== 2 || !anyOf.some(({ type }) => type === 'null')) continue;
    media.schema = object;
    requestBody.required = false;
  }
};

const HEADER_NAMES: Readonly<Record<string, string>> = {
  'idempotency-key': 'Idempotency-Key',
  'last-event-id': 'Last-Event-ID',
};

const REQUEST_ID = { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } };
const HEADERS: Json = {
  RequestId: {
    description: 'The id under which the log of the server knows the request.',
    schema: { type: 'string' },
  },
  RetryAfter: { description: 'Seconds to wait.', schema: { type: 'string' } },
  Challenge: { description: 'How to authenticate.', schema: { type: 'string' } },
};
const RETRY_AFTER = { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } };
const PROBLEM_HEADERS: Readonly<Record<string, Json>> = {
  401: { 'WWW-Authenticate': { $ref: '#/components/headers/Challenge' } },
  429: RETRY_AFTER,
  503: RETRY_AFTER,
};
const ANY_PROBLEM = {
  description: 'Any other problem, such as 405, 408, 414 or 431.',
  content: { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
};

/** Operations refuse in the same words: the codes of an answer name it, and it stands there once. */
const sharedName = (answer: Json): string | null => {
  const content = isRecord(answer.content) ? answer.content : {};
  const problem = content[PROBLEM_TYPE];
  if (!isRecord(problem) || Object.keys(content).length !== 1) return null;
  return isRecord(problem.examples) ? Object.keys(problem.examples).join('.') : null;
};

const polishOperation = (operation: Operation, shared: Json): void => {
  relaxBody(operation);
  for (const parameter of operation.parameters ?? []) {
    if (parameter.in === 'header') {
      parameter.name = HEADER_NAMES[parameter.name] ?? parameter.name;
    }
  }
  eachSchema(operation.responses, leaveOpen);
  for (const [status, answer] of Object.entries(operation.responses)) {
    const name = sharedName(answer);
    const problemHeaders = name === null ? {} : PROBLEM_HEADERS[status];
    answer.headers = {
      ...REQUEST_ID,
      ...problemHeaders,
      ...(answer.headers as Json | undefined),
    };
    if (name === null) continue;
    shared[name] = answer;
    operation.responses[status] = { $ref: `#/components/responses/${name}` };
  }
  operation.responses.default = { $ref: '#/components/responses/AnyProblem' };
};

/** Says what all operations have in common, and drops what only the generator needed. */
export const polish = (document: OpenApiDocument): OpenApiDocument => {
  const responses: Json = { AnyProblem: ANY_PROBLEM };
  for (const path of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(path)) polishOperation(operation, responses);
  }
  // Registered schemas come in two forms; only answers refer to them.
  const schemas = Object.fromEntries(
    Object.entries(document.components?.schemas ?? {}).filter(([name]) => !name.endsWith('Input')),
  );
  eachSchema(schemas, leaveOpen);
  const components = { ...document.components, schemas, responses, headers: HEADERS };
  const polished = { ...document, components };
  eachSchema(polished, preferDeclaredType);
  return polished;
};
