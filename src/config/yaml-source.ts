import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type YAMLMap,
} from 'yaml';
import { z } from 'zod';
import type { ConfigFault } from './config-error.ts';
import type { Entry, Env, Source } from './entries.ts';
import { type Key, keyNamed } from './keys.ts';
import { nearest } from './nearest.ts';
import { fillPlaceholders } from './placeholders.ts';
import { configSchema } from './schema.ts';

/** Sections of Spring's that files which moved over still carry. */
const FOREIGN_SECTIONS = ['spring', 'management', 'springdoc', 'logging'];

/** Reads one YAML file along the schema, so that each value and each fault knows its line. */
export const readYamlSource = (file: string, content: string, env: Env): Source => {
  const lines = new LineCounter();
  // Pretty errors quote the source, which may hold secrets.
  const documents = parseAllDocuments(content, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
  });
  const reader = new YamlReader(file, lines, env);
  if ('empty' in documents) return reader.source;
  for (const document of documents) reader.syntax(document);
  const [first, second] = documents;
  if (second !== undefined) reader.fault(second.contents, 'expected one YAML document in a file');
  if (first !== undefined && first.errors.length === 0) reader.root(first);
  return reader.source;
};

class YamlReader {
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #env: Env;
  readonly #entries: Entry[] = [];
  readonly #faults: ConfigFault[] = [];
  readonly #warnings: string[] = [];
  #document: Document | null = null;

  constructor(file: string, lines: LineCounter, env: Env) {
    this.#file = file;
    this.#lines = lines;
    this.#env = env;
  }

  get source(): Source {
    return { entries: this.#entries, faults: this.#faults, warnings: this.#warnings };
  }

  syntax(document: Document): void {
    for (const error of [...document.errors, ...document.warnings]) {
      // From the first quotation on, the parser's message repeats the source.
      const message = error.message.replace(/[:\s]*["\\][\s\S]*$/, '');
      const where = this.#at(error.pos[0], true);
      this.#faults.push({ where, message: `not valid YAML: ${message}` });
    }
  }

  fault(node: unknown, message: string): void {
    this.#faults.push({ where: this.#place(node), message });
  }

  root(document: Document): void {
    this.#document = document;
    const contents = this.#resolve(document.contents);
    if (contents === null || (isScalar(contents) && contents.value === null)) return;
    if (!isMap(contents)) {
      this.fault(contents, 'expected sections such as server, libra and spark');
      return;
    }
    this.#section(configSchema, contents, []);
  }

  #section(type: z.ZodObject, map: YAMLMap, path: readonly string[]): void {
    for (const pair of map.items) {
      const part = isScalar(pair.key) ? String(pair.key.value) : '';
      const child = type.shape[part] as z.ZodType | undefined;
      const value = this.#resolve(pair.value);
      if (child === undefined) this.#unknown(pair.key, part, type, path);
      else if (child instanceof z.ZodObject) this.#child(child, value, pair.key, [...path, part]);
      else this.#leaf(keyNamed([...path, part].join('.')), value, pair.key);
    }
  }

  #child(type: z.ZodObject, value: unknown, key: unknown, path: readonly string[]): void {
    if (isMap(value)) this.#section(type, value, path);
    else if (!(value === null || (isScalar(value) && value.value === null))) {
      const parts = Object.keys(type.shape).join(', ');
      this.fault(key, `${path.join('.')} is a section: expected keys such as ${parts}`);
    }
  }

  #unknown(node: unknown, part: string, type: z.ZodObject, path: readonly string[]): void {
    if (path.length === 0 && FOREIGN_SECTIONS.includes(part)) {
      this.#warnings.push(
        `${this.#place(node)}: the section ${part} is Spring's and has no effect`,
      );
      return;
    }
    const meant = nearest(part, Object.keys(type.shape));
    const hint = meant === null ? '' : `; did you mean ${[...path, meant].join('.')}?`;
    this.fault(node, `unknown key ${[...path, part].join('.')}${hint}`);
  }

  #leaf(key: Key, value: unknown, keyNode: unknown): void {
    const places = new Map<string, string>();
    const raw =
      isMap(value) && key.meta.kind === 'map of text'
        ? this.#flatMap(value, '', places)
        : this.#plain(value);
    // `key:` with nothing behind it says nothing, as everywhere in YAML that people edit.
    if (raw === null) return;
    this.#entries.push({ key, raw, where: this.#place(keyNode), places });
  }

  /** `spark.executor.memory` may also be written as a tree, as Spring's binder allows. */
  #flatMap(map: YAMLMap, prefix: string, places: Map<string, string>): Record<string, unknown> {
    const flat: Record<string, unknown> = {};
    for (const pair of map.items) {
      const name = `${prefix}${isScalar(pair.key) ? String(pair.key.value) : ''}`;
      const value = this.#resolve(pair.value);
      if (isMap(value)) {
        Object.assign(flat, this.#flatMap(value, `${name}.`, places));
        continue;
      }
      places.set(name, this.#place(pair.key));
      // As written: 1.10 must not become 1.1 on its way to Spark.
      const written = isScalar(value) && typeof value.value === 'number' ? value.source : undefined;
      flat[name] = written ?? this.#plain(value);
    }
    return flat;
  }

  #plain(value: unknown): unknown {
    if (isScalar(value)) {
      return typeof value.value === 'string' ? this.#filled(value.value, value) : value.value;
    }
    if (isSeq(value)) return value.items.map((item) => this.#plain(this.#resolve(item)));
    if (!isMap(value)) return null;
    return Object.fromEntries(
      value.items.map((pair) => [
        isScalar(pair.key) ? String(pair.key.value) : '',
        this.#plain(this.#resolve(pair.value)),
      ]),
    );
  }

  #filled(text: string, node: unknown): string | null {
    const { value, missing } = fillPlaceholders(text, this.#env);
    for (const name of missing) {
      this.fault(node, `needs the environment variable ${name}, which is not set`);
    }
    return missing.length > 0 ? null : value;
  }

  #resolve(node: unknown): unknown {
    if (!isAlias(node) || this.#document === null) return node;
    const target = node.resolve(this.#document);
    if (target === undefined) this.fault(node, 'no anchor of this name stands before');
    return target ?? null;
  }

  #place(node: unknown): string {
    const start = (node as Node | null)?.range?.[0];
    return start === undefined ? this.#file : this.#at(start, false);
  }

  #at(offset: number, column: boolean): string {
    const { line, col } = this.#lines.linePos(offset);
    return column ? `${this.#file}:${line}:${col}` : `${this.#file}:${line}`;
  }
}
