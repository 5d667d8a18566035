import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

export const COMPOSE_FILES = ['docker-compose.local.yml', 'docker-compose.yml'] as const;

const duration = z.string().regex(/^\d+(ms|s|m|h)$/);
const size = z.string().regex(/^\d+[kmg]$/);
const flag = z.union([z.string(), z.number(), z.boolean()]);

const healthcheck = z.strictObject({
  test: z.array(z.string()).refine(([kind]) => kind === 'CMD' || kind === 'CMD-SHELL'),
  interval: duration,
  timeout: duration,
  start_period: duration,
  retries: z.int(),
});

/** Of the Compose Specification what these files use, and nothing besides. */
const service = z.strictObject({
  image: z.string().regex(/^\S+:\S+$/),
  build: z.union([z.string(), z.strictObject({ context: z.string(), dockerfile: z.string() })]),
  hostname: z.string().optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string().regex(/^[A-Z_][A-Z0-9_]*$/), flag),
  ports: z.array(z.string().regex(/^\d+\.\d+\.\d+\.\d+:\d+:\d+$/)),
  volumes: z.array(z.string().regex(/^[\w-]+:\/[\w/-]+$/)).optional(),
  depends_on: z
    .record(z.string(), z.strictObject({ condition: z.literal('service_healthy') }))
    .optional(),
  healthcheck,
  restart: z.enum(['unless-stopped']),
  stop_grace_period: duration,
  security_opt: z.array(z.literal('no-new-privileges:true')),
  cap_drop: z.array(z.literal('ALL')),
  mem_limit: size,
});

const composeSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/),
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()),
});

export type Compose = z.infer<typeof composeSchema>;
export type Service = z.infer<typeof service>;

/** `${NAME:-otherwise}` and `${NAME:?why}`, as Compose fills them in; a missing one throws its why. */
const filled = (value: unknown, env: Readonly<Record<string, string>>): unknown => {
  if (typeof value === 'string') {
    return value.replaceAll(
      /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
      (_, name: string, kind: string | undefined, text = '') => {
        const given = env[name];
        if (given !== undefined && given !== '') return given;
        if (kind === '-') return text;
        throw new Error(`${name}: ${text}`);
      },
    );
  }
  if (Array.isArray(value)) return value.map((each) => filled(each, env));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, filled(each, env)]));
};

/** Throws with what is wrong with the text. */
export const composeOf = (text: string, env: Readonly<Record<string, string>>): Compose => {
  const whole = Object.entries(parse(text, { merge: true }) as object);
  // What begins with x- is for anchors.
  const used = whole.filter(([key]) => !key.startsWith('x-'));
  return composeSchema.parse(filled(Object.fromEntries(used), env));
};

export const readCompose = (file: string, env: Readonly<Record<string, string>>): Compose =>
  composeOf(readFileSync(resolve(import.meta.dirname, '../..', file), 'utf8'), env);
