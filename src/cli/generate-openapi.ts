import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describeApi } from '../http/describe.ts';

const root = resolve(import.meta.dirname, '..', '..');
const { version } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as {
  version: string;
};
const document = await describeApi(version);
writeFileSync(resolve(root, 'docs/openapi.json'), `${JSON.stringify(document, null, 2)}\n`);
