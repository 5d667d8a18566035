import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

export const OPTIONS = ['option1', 'option1-durable', 'option3'] as const;
export type Option = (typeof OPTIONS)[number];

const FOLDER = resolve(import.meta.dirname, '../../k8s');

// biome-ignore lint/suspicious/noExplicitAny: tests look at any field of any kind.
export type Manifest = any;

/** The documents of an option as they are written, in the order of its kustomization. */
export const manifestFiles = (option: Option): readonly string[] => {
  const folder = join(FOLDER, option);
  return readdirSync(folder)
    .filter((name) => name !== 'kustomization.yaml')
    .map((name) => join(folder, name));
};

export const documentsOf = (file: string): readonly Manifest[] =>
  parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS());

export const kustomization = (option: Option): Manifest =>
  parse(readFileSync(join(FOLDER, option, 'kustomization.yaml'), 'utf8'));

/** What is applied: where there is a kubectl, by its own kustomize. */
export const built = (option: Option, kubectl: string): readonly Manifest[] =>
  parseAllDocuments(
    execFileSync(kubectl, ['kustomize', join(FOLDER, option)], { encoding: 'utf8' }),
  ).map((document) => document.toJS());

/** The template of each kind that makes pods. */
export const podTemplates = (manifests: readonly Manifest[]): readonly Manifest[] =>
  manifests.filter(({ kind }) => ['Deployment', 'StatefulSet'].includes(kind));
