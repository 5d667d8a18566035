import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export interface Instruction {
  readonly name: string;
  readonly value: string;
}

export interface Stage {
  readonly from: string;
  readonly name: string | null;
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  /** Arguments with their defaults that stand before the first stage. */
  readonly args: Readonly<Record<string, string>>;
  readonly stages: readonly Stage[];
}

const ROOT = resolve(import.meta.dirname, '../..');

export const IMAGES = [
  'Dockerfile',
  ...['base', 'gcs', 's3', 'minio'].map((name) => `docker/${name}/Dockerfile`),
];

/** Comments gone, lines that go on joined. */
const instructionsOf = (text: string): readonly Instruction[] =>
  text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', value = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
      return { name: name.toUpperCase(), value };
    });

export const readDockerfile = (file: string): Dockerfile => {
  const args: Record<string, string> = {};
  const stages: { from: string; name: string | null; instructions: Instruction[] }[] = [];
  for (const each of instructionsOf(readFileSync(resolve(ROOT, file), 'utf8'))) {
    const stage = stages.at(-1);
    if (each.name === 'FROM') {
      const [, from = '', name = null] = /^(\S+)(?: AS (\S+))?$/.exec(each.value) ?? [];
      stages.push({ from, name, instructions: [] });
    } else if (stage === undefined) {
      const [name = '', value = ''] = each.value.split('=');
      args[name] = value;
    } else stage.instructions.push(each);
  }
  return { args, stages };
};

export const valuesOf = (stage: Stage, name: string): readonly string[] =>
  stage.instructions.filter((each) => each.name === name).map((each) => each.value);

/** `NAME=value` and `NAME="value"` of ENV, LABEL and ARG, filled in from one another. */
export const pairsOf = (stage: Stage, name: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    valuesOf(stage, name).flatMap((value) =>
      [...value.matchAll(/([\w.-]+)=(?:"([^"]*)"|(\S*))/g)].map(
        ([, key = '', quoted, bare = '']) => [key, quoted ?? bare] as const,
      ),
    ),
  );

/** The stages that the last one consists of: itself, and what it is built from. */
export const kept = ({ args, stages }: Dockerfile): readonly Stage[] => {
  const chain: Stage[] = [];
  for (let stage = stages.at(-1); stage !== undefined; ) {
    chain.unshift(stage);
    const from: string = stage.from.replace(/^\$\{(\w+)\}$/, (_, name: string) => args[name] ?? '');
    stage = stages.find(({ name }) => name === from);
  }
  return chain;
};
