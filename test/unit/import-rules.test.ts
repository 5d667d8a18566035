import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const CONFIG = join(ROOT, '.dependency-cruiser.cjs');
const BIOME = join(ROOT, 'node_modules/.bin/biome');

interface Rule {
  readonly name: string;
}
const rules = (createRequire(import.meta.url)(CONFIG) as { readonly forbidden: readonly Rule[] })
  .forbidden;

/** From a file to what it imports, and the rule that this breaks. */
type Import = readonly [from: string, to: string];

const VIOLATIONS: readonly (readonly [rule: string, ...imports: readonly Import[]])[] = [
  ['no-circular', ['src/jobs/a.ts', './b.ts'], ['src/jobs/b.ts', './a.ts']],
  ['resolvable', ['src/jobs/a.ts', './nowhere.ts']],
  ['domain-is-pure', ['src/domain/job.ts', '../jobs/a.ts']],
  ['domain-is-pure', ['src/domain/job.ts', 'zod']],
  ['domain-is-pure', ['src/domain/job.ts', 'node:fs']],
  ['util-knows-no-domain', ['src/util/clock.ts', '../domain/job.ts']],
  ['core-knows-ports-only', ['src/jobs/a.ts', '../http/server.ts']],
  ['core-knows-ports-only', ['src/sessions/a.ts', '../drivers/in-process/host.ts']],
  ['core-knows-ports-only', ['src/pools/a.ts', '../executors/embedded/executor.ts']],
  ['core-knows-ports-only', ['src/results/a.ts', '../store/sqlite/store.ts']],
  ['core-knows-ports-only', ['src/files/a.ts', '../store/sqlite/store.ts']],
  ['core-knows-ports-only', ['src/files/a.ts', '../http/server.ts']],
  ['http-knows-the-core-only', ['src/http/server.ts', '../store/store.ts']],
  ['http-knows-the-core-only', ['src/http/v1/a.ts', '../../drivers/driver.ts']],
  ['http-knows-the-core-only', ['src/http/v1/a.ts', '../../executors/embedded/executor.ts']],
  ['adapters-know-no-core-and-no-http', ['src/store/sqlite/a.ts', '../../jobs/a.ts']],
  ['adapters-know-no-core-and-no-http', ['src/drivers/child/a.ts', '../../http/server.ts']],
  ['adapters-know-no-core-and-no-http', ['src/executors/executor.ts', '../sessions/a.ts']],
  ['adapters-know-no-core-and-no-http', ['src/store/sqlite/a.ts', '../../files/a.ts']],
  ['adapters-know-no-sister', ['src/drivers/child/a.ts', '../in-process/host.ts']],
  ['adapters-know-no-sister', ['src/executors/embedded/a.ts', '../../store/sqlite/a.ts']],
  ['ports-know-no-adapter', ['src/store/store.ts', './sqlite/a.ts']],
  ['config-stands-low', ['src/config/load.ts', '../jobs/a.ts']],
  ['config-stands-low', ['src/config/load.ts', '../observability/logger.ts']],
  ['processes-stand-low', ['src/processes/a.ts', '../drivers/driver.ts']],
  ['processes-are-for-adapters', ['src/jobs/a.ts', '../processes/a.ts']],
  ['observability-knows-no-core', ['src/observability/metrics.ts', '../jobs/a.ts']],
  ['observability-knows-no-core', ['src/observability/metrics.ts', '../files/a.ts']],
  ['observability-knows-no-core', ['src/observability/metrics.ts', '../store/sqlite/a.ts']],
  ['java-has-one-door', ['src/drivers/in-process/host.ts', 'java']],
  ['java-has-one-door', ['src/main.ts', 'java']],
  ['fastify-has-one-door', ['src/jobs/a.ts', 'fastify']],
  ['fastify-has-one-door', ['src/observability/logger.ts', '@fastify/swagger']],
  ['fastify-has-one-door', ['src/store/sqlite/a.ts', 'fastify-plugin']],
  ['better-sqlite3-has-one-door', ['src/store/store.ts', 'better-sqlite3']],
  ['better-sqlite3-has-one-door', ['src/main.ts', 'better-sqlite3']],
  ['kysely-has-one-door', ['src/jobs/a.ts', 'kysely']],
  ['process-is-global', ['src/jobs/a.ts', 'node:process']],
  ['process-is-global', ['src/jobs/a.ts', 'process']],
  ['roots-are-not-imported', ['src/jobs/a.ts', '../compose.ts']],
  ['entry-points-are-not-imported', ['src/main.ts', './cli/backup.ts']],
  ['no-tools-at-run-time', ['src/jobs/a.ts', 'vitest']],
  ['no-tests-at-run-time', ['src/jobs/a.ts', '../../test/support/server.ts']],
];

const LAWFUL: readonly Import[] = [
  ['src/main.ts', './compose.ts'],
  ['src/main.ts', 'fastify'],
  ['src/compose.ts', './jobs/a.ts'],
  ['src/compose.ts', './store/sqlite/a.ts'],
  ['src/cli/backup.ts', '../store/sqlite/b.ts'],
  ['src/cli/openapi.ts', '../compose.ts'],
  ['src/http/server.ts', 'fastify'],
  ['src/http/server.ts', '@fastify/swagger'],
  ['src/http/v1/a.ts', '../../domain/job.ts'],
  ['src/jobs/a.ts', '../drivers/driver.ts'],
  ['src/jobs/a.ts', '../store/store.ts'],
  ['src/jobs/a.ts', '../config/load.ts'],
  ['src/executors/embedded/a.ts', '../../drivers/driver.ts'],
  ['src/drivers/in-process/native.ts', 'java'],
  ['src/store/sqlite/a.ts', 'better-sqlite3'],
  ['src/store/sqlite/a.ts', 'kysely'],
  ['src/config/load.ts', '../domain/other.ts'],
  ['src/config/load.ts', 'zod'],
  ['src/domain/job.ts', './other.ts'],
  ['src/domain/job.ts', '../util/clock.ts'],
];

const PACKAGES = {
  dependencies: [
    'java',
    'fastify',
    'fastify-plugin',
    '@fastify/swagger',
    'better-sqlite3',
    'kysely',
    'zod',
  ],
  devDependencies: ['vitest'],
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'libra-rules-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const put = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};

/** A small tree with nothing in it but the given imports, and packages of these names. */
const plant = (name: string, imports: readonly Import[]): string => {
  const tree = join(folder, name);
  const versions = (names: readonly string[]) => Object.fromEntries(names.map((n) => [n, '1.0.0']));
  put(
    join(tree, 'package.json'),
    JSON.stringify({
      type: 'module',
      dependencies: versions(PACKAGES.dependencies),
      devDependencies: versions(PACKAGES.devDependencies),
    }),
  );
  for (const pkg of [...PACKAGES.dependencies, ...PACKAGES.devDependencies]) {
    const home = join(tree, 'node_modules', pkg);
    put(
      join(home, 'package.json'),
      JSON.stringify({ name: pkg, version: '1.0.0', main: 'index.js' }),
    );
    put(join(home, 'index.js'), 'module.exports = {};\n');
  }
  const texts = new Map<string, string[]>();
  for (const [from, to] of imports) {
    texts.set(from, [...(texts.get(from) ?? []), to]);
    const target = join(dirname(from), to);
    const missing = !to.startsWith('.') || to.includes('nowhere') || texts.has(target);
    if (!missing) texts.set(target, []);
  }
  for (const [path, targets] of texts) {
    // Types count as much as values do.
    const lines = targets.map((to, index) =>
      index % 2 === 0
        ? `import * as x${index} from '${to}';`
        : `import type * as x${index} from '${to}';`,
    );
    put(join(tree, path), `${lines.join('\n')}\nexport type Here = string;\nexport const x = 1;\n`);
  }
  return tree;
};

const violationsIn = async (tree: string): Promise<readonly string[]> => {
  const options = await extractOptions(CONFIG);
  const { tsConfig: _, ...portable } = options;
  const { enhancedResolveOptions } = options as { enhancedResolveOptions: object };
  const { output } = await cruise(['src'], { ...portable, baseDir: tree }, enhancedResolveOptions);
  return (output as ICruiseResult).summary.violations.map(
    ({ rule, from, to }) => `${rule.name}: ${from} → ${to}`,
  );
};

describe('the import rules', () => {
  it.each(VIOLATIONS.map(([rule, ...imports], index) => ({ rule, imports, index })))(
    '$rule stops $imports',
    async ({ rule, imports, index }) => {
      const found = await violationsIn(plant(`violation-${index}`, imports));
      const [from] = imports[0] ?? [''];
      expect(found.filter((text) => text.startsWith(`${rule}: ${from} → `))).not.toEqual([]);
    },
  );

  it('are each proven', () => {
    const proven = new Set(VIOLATIONS.map(([rule]) => rule));
    expect(rules.map((rule) => rule.name).filter((name) => !proven.has(name))).toEqual([]);
  });

  it('let pass what the architecture allows', async () => {
    expect(await violationsIn(plant('lawful', LAWFUL))).toEqual([]);
  });
});

describe('process.env', () => {
  it('is read by config/load.ts alone', () => {
    const tree = join(folder, 'environment');
    const config = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8')) as object;
    put(join(tree, 'biome.json'), JSON.stringify({ ...config, vcs: { enabled: false } }));
    const lint = (path: string): number | null => {
      put(join(tree, path), 'export const home = process.env.HOME;\n');
      return spawnSync(BIOME, ['lint', path], { cwd: tree }).status;
    };
    expect(lint('src/config/load.ts')).toBe(0);
    for (const path of ['src/main.ts', 'src/jobs/a.ts', 'src/config/schema.ts', 'src/cli/a.ts']) {
      expect(lint(path), path).toBe(1);
    }
  });
});
