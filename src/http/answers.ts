import type { Readable } from 'node:stream';
import { z } from 'zod';
import { ERROR_CODES, type ProblemCode } from '../domain/errors.ts';

export const problemSchema = z
  .object({
    type: z.string().describe('Names the kind of problem.'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What happened this time, for people.'),
    instance: z.string().describe('The path that was called.'),
    code: z.string().describe('One of the registry in docs/errors.md, for programs.'),
    errors: z.array(z.object({ field: z.string(), message: z.string() })),
    requestId: z.string(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details.' });

export type ProblemView = z.infer<typeof problemSchema>;

export const PROBLEM_TYPE = 'application/problem+json';

export const problemType = (code: ProblemCode): string =>
  `urn:libra:problem:${code.toLowerCase().replaceAll('_', '-')}`;

const exampleOf = (code: ProblemCode): ProblemView => ({
  type: problemType(code),
  title: ERROR_CODES[code].title,
  status: ERROR_CODES[code].status,
  detail: 'What happened this time.',
  instance: '/api/v1/…',
  code,
  errors: [],
  requestId: '5e0c0c8e-4f3f-4a55-9a5c-0f5a1e2f6d0b',
});

const WITH_BODY: readonly ProblemCode[] = [
  'BAD_JSON',
  'INVALID_REQUEST',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
];
const WITH_TOKEN: readonly ProblemCode[] = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'HOST_NOT_ALLOWED',
  'STORE_UNAVAILABLE',
];

/**
 * The problems that an operation can answer, by status. Handlers throw them and never send them,
 * so the type says nothing of them.
 */
const problemsOf = (codes: readonly ProblemCode[]): Record<never, never> => {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of new Set(codes)) {
    const { status } = ERROR_CODES[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, listed]) => [
      status,
      {
        description: listed.map((code) => `\`${code}\`: ${ERROR_CODES[code].title}.`).join(' '),
        content: {
          [PROBLEM_TYPE]: {
            schema: problemSchema,
            examples: Object.fromEntries(listed.map((code) => [code, { value: exampleOf(code) }])),
          },
        },
      },
    ]),
  );
};

/** Problems of an operation that anybody may call. */
export const publicProblems = (...codes: readonly ProblemCode[]) =>
  problemsOf([...codes, 'INTERNAL']);

export const problems = (...codes: readonly ProblemCode[]) =>
  problemsOf([...codes, ...WITH_TOKEN, 'INTERNAL']);

export const bodyProblems = (...codes: readonly ProblemCode[]) => problems(...codes, ...WITH_BODY);

type HeaderDocs = Readonly<Record<string, { type: string; description: string }>>;

/** An answer in JSON, with an example for the documentation. */
export const json = <S extends z.ZodType>(
  description: string,
  schema: S,
  example: z.output<S>,
  headers: HeaderDocs = {},
) => ({
  description,
  headers,
  content: { 'application/json': { schema, examples: { answer: { value: example } } } },
});

/** Bodies that are no JSON of ours: handlers send text, bytes or a stream of them. */
type Raw = string | Uint8Array | Readable;

/** An answer in text or bytes: an example by content type. */
export const textual = <const T extends string>(
  description: string,
  byType: Readonly<Record<T, string>>,
  headers: HeaderDocs = {},
) => ({
  description,
  headers,
  content: Object.fromEntries(
    Object.entries(byType).map(([type, example]) => [
      type,
      { schema: z.string(), examples: { answer: { value: example } } },
    ]),
    // OpenAPI knows text only; what a handler may send is wider.
  ) as unknown as Record<T, { schema: z.ZodType<Raw> }>,
});

/** An answer without a body. */
export const nothing = (description: string) => z.undefined().describe(description);
