import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configurationPage, errorsPage } from '../../src/cli/reference-pages.ts';
import { KEYS } from '../../src/config/keys.ts';
import { REJECTED, settingMeta } from '../../src/config/values.ts';
import { ERROR_CODES } from '../../src/domain/errors.ts';

const onDisk = (page: string): string =>
  readFileSync(resolve(import.meta.dirname, '../../docs', page), 'utf8');

describe('generated pages', () => {
  it.each([
    ['configuration.md', configurationPage],
    ['errors.md', errorsPage],
  ])('docs/%s is up to date (npm run docs)', (page, generate) => {
    expect(onDisk(page)).toBe(generate());
  });

  it('names every setting with its variable, and every code', () => {
    for (const key of KEYS) {
      expect(onDisk('configuration.md')).toContain(`\`${key.name}\``);
      expect(onDisk('configuration.md')).toContain(`\`${key.variable}\``);
    }
    for (const code of Object.keys(ERROR_CODES))
      expect(onDisk('errors.md')).toContain(`\`${code}\``);
  });
});

describe('the settings', () => {
  it('each have a variable of their own', () => {
    const variables = KEYS.flatMap((key) => key.variables);
    expect(new Set(variables).size).toBe(variables.length);
  });

  it('each have a default that their own type accepts, or say in words what holds', () => {
    for (const key of KEYS) {
      const { fallback, derived, description } = settingMeta(key.type);
      expect(description).toMatch(/[.]$/);
      if (fallback === null) {
        if (derived === null) expect(key.type.parse(null), key.name).toBeNull();
      } else expect(key.type.safeParse(fallback).success, key.name).toBe(true);
    }
  });

  it('never take the sentinel for a value', () => {
    for (const key of KEYS) expect(key.type.safeParse(REJECTED).success, key.name).toBe(false);
  });
});
