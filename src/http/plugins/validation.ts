import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify';
import { z } from 'zod';
import { faultsOf, invalidRequest } from '../faults.ts';

const WHOLE: Readonly<Record<string, string>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'headers',
};

/** The schema under optional, default and transformed ones. */
const unwrapped = (schema: unknown): unknown => {
  if (schema instanceof z.ZodPipe) return unwrapped(schema.def.in);
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  ) {
    return unwrapped(schema.def.innerType);
  }
  return schema;
};

const valueAt = (input: unknown, key: PropertyKey): unknown =>
  typeof input === 'object' && input !== null ? (input as Record<PropertyKey, unknown>)[key] : null;

/** The names that the object at a path accepts; none when the schema does not list them. */
const knownNames = (
  declared: unknown,
  input: unknown,
  path: readonly PropertyKey[],
): readonly string[] => {
  const schema = unwrapped(declared);
  const [key, ...rest] = path;
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const { discriminator } = schema.def;
    const value = valueAt(input, discriminator);
    const option = schema.options.find(
      (one) => one instanceof z.ZodObject && z.safeParse(one.shape[discriminator], value).success,
    );
    return option === undefined ? [] : knownNames(option, input, path);
  }
  if (schema instanceof z.ZodUnion) {
    return schema.options.flatMap((option) => knownNames(option, input, path));
  }
  if (schema instanceof z.ZodObject) {
    if (key === undefined) return Object.keys(schema.shape);
    return knownNames(schema.shape[String(key)], valueAt(input, key), rest);
  }
  if (schema instanceof z.ZodArray && typeof key === 'number') {
    return knownNames(schema.element, valueAt(input, key), rest);
  }
  return [];
};

/** Turns what zod found into a problem that names each field and what it accepts. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const whole = WHOLE[httpPart ?? ''] ?? 'request';
  return (input) => {
    const answer = z.safeParse(schema, input);
    if (answer.success) return { value: answer.data };
    const known = (path: readonly PropertyKey[]) => knownNames(schema, input, path);
    return { error: invalidRequest(faultsOf(answer.error, whole, known)) };
  };
};

/** The compiler has checked the shape of every answer; the tests check it against the schemas. */
export const serializerCompiler: FastifySerializerCompiler<unknown> = () => (data) =>
  JSON.stringify(data);
