import { delimiter, resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

const project = (name: string, extra: Record<string, unknown> = {}) => ({
  // Long: a test waits for a state, and a busy machine may take its time.
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: 60_000, ...extra },
});

// Where bin/setup --test puts the tools of the tests that are not installed.
const tools = ['usr/bin', 'python/bin'].map((folder) =>
  resolve(import.meta.dirname, '.spark/tools', folder),
);
process.env.PATH = [process.env.PATH, ...tools].join(delimiter);

// .ci/run counts the tests of this report.
const report = process.env.LIBRA_TEST_REPORT;

export default defineConfig({
  test: {
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    projects: [
      project('unit'),
      project('contract'),
      project('http'),
      // The JVM loads once in a process: every file of the suite shares one fork.
      project('integration', {
        pool: 'forks',
        isolate: false,
        fileParallelism: false,
        // After all others: they would take its processor away.
        sequence: { groupOrder: 1 },
        testTimeout: 120_000,
        hookTimeout: 180_000,
      }),
    ],
  },
});
