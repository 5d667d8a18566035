import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { hostEventSchema, hostRequestSchema, jvmStatsSchema } from '../../src/drivers/protocol.ts';

const JAVA = readFileSync(
  'jvm-shim/src/main/java/com/whereq/libra/driver/DriverProtocol.java',
  'utf8',
);

/** The components of each record, in order: `record Ready(String appId, …)`. */
const records = new Map(
  [...JAVA.matchAll(/record (\w+)\s*\(([^)]*)\)/g)].map(([, name = '', components = '']) => [
    name,
    components
      .replaceAll(/<[^>]*>/g, '')
      .split(',')
      .map((component) => component.trim().split(/\s+/)[1])
      .filter((component) => component !== undefined),
  ]),
);

/** `@JsonSubTypes.Type(value = Ready.class, name = "ready")`, of the interface with the property. */
const messages = (property: string): [message: string, record: string][] => {
  const begin = JAVA.indexOf(`property = "${property}"`);
  const end = JAVA.indexOf('sealed interface', begin);
  const types = JAVA.slice(begin, end).matchAll(/value = (\w+)\.class, name = "(\w+)"/g);
  return [...types].map(([, record = '', message = '']) => [message, record]);
};

const shapes = (options: readonly z.ZodObject[], property: string) =>
  options.map(({ shape }) => {
    const { [property]: literal, ...rest } = shape;
    return [(literal as z.ZodLiteral).value, Object.keys(rest)];
  });

describe('the protocol of a driver host', () => {
  it.each([
    ['request', hostRequestSchema.options],
    ['event', hostEventSchema.options],
  ] as const)(
    'has the same %ss in Java, with the same fields in the same order',
    (property, options) => {
      const java = messages(property).map(([message, record]) => [message, records.get(record)]);
      expect(java.length).toBeGreaterThan(8);
      expect(java).toEqual(shapes(options as unknown as readonly z.ZodObject[], property));
    },
  );

  it('has the same parts', () => {
    const event = (name: string) =>
      hostEventSchema.options.find(({ shape }) => shape.event.value === name)?.shape as never;
    const request = (name: string) =>
      hostRequestSchema.options.find(({ shape }) => shape.request.value === name)?.shape as never;
    const keys = (schema: unknown): string[] => Object.keys((schema as z.ZodObject).shape);
    const failed: { error: z.ZodObject } = event('failed');
    const succeeded: { result: z.ZodObject } = event('succeeded');
    const schema: { columns: z.ZodArray } = event('schema');
    const start: { pools: z.ZodArray; sqlPolicy: z.ZodObject; python: z.ZodNullable } =
      request('start');
    const submit: { parameters: z.ZodArray } = request('submit');
    const position = (failed.error.shape.position as z.ZodNullable).unwrap();
    expect({
      Pool: keys(start.pools.element),
      SqlPolicy: keys(start.sqlPolicy),
      Python: keys(start.python.unwrap()),
      Parameter: keys(submit.parameters.element),
      Column: keys(schema.columns.element),
      Position: keys(position),
      JobError: keys(failed.error),
      ResultSummary: keys(succeeded.result),
      JvmStats: keys(jvmStatsSchema),
      GcStats: keys(jvmStatsSchema.shape.gc.element),
      PoolStats: keys(jvmStatsSchema.shape.pools.element),
    }).toEqual(Object.fromEntries([...records].slice([...records.keys()].indexOf('Pool'))));
  });
});
