import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify';
import { z } from 'zod';
import { faultsOf, invalidRequest } from '../faults.ts';

const WHOLE: Readonly<Record<string, string>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'headers',
};

const shapeKeys = (schema: unknown, input: unknown): readonly string[] => {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const { discriminator } = schema.def;
    const value = (input as Record<string, unknown>)[discriminator];
    const option = schema.options.find(
      (one) =>
        one instanceof z.ZodObject &&
        z.safeParse(one.shape[discriminator] as z.ZodType, value).success,
    );
    return option === undefined ? [] : shapeKeys(option, input);
  }
  return [];
};

/** Turns what zod found into a problem that names each field and what it accepts. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const whole = WHOLE[httpPart ?? ''] ?? 'request';
  return (input) => {
    const answer = z.safeParse(schema, input);
    if (answer.success) return { value: answer.data };
    const known = (path: readonly PropertyKey[]) =>
      path.length === 0 ? shapeKeys(schema, input) : [];
    return { error: invalidRequest(faultsOf(answer.error, whole, known)) };
  };
};

/** The compiler has checked the shape of every answer; the tests check it against the schemas. */
export const serializerCompiler: FastifySerializerCompiler<unknown> = () => (data) =>
  JSON.stringify(data);
