import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { configurationPage, errorsPage } from './reference-pages.ts';

const PAGES: Readonly<Record<string, () => string>> = {
  'docs/configuration.md': configurationPage,
  'docs/errors.md': errorsPage,
};

const root = resolve(import.meta.dirname, '..', '..');
for (const [file, page] of Object.entries(PAGES)) writeFileSync(resolve(root, file), page());
