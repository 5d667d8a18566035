import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { isName, NAME_RULE } from '../domain/ids.ts';
import type { Pool, SchedulingMode } from '../domain/pool.ts';
import { DEFAULT_POOL, SCHEDULING_MODES } from '../domain/pool.ts';

/** The file is not what Spark and Libra can read; the message names every fault and its line. */
export class FairschedulerError extends Error {
  override readonly name = 'FairschedulerError';
}

interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
  readonly line: number;
}

type RawNode = Record<string | symbol, unknown>;

const METADATA = XMLParser.getMetaDataSymbol() as unknown as symbol;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  captureMetaData: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
});

const lineAt = (xml: string, index: number): number => xml.slice(0, index).split('\n').length;

const elementsOf = (nodes: unknown, xml: string): readonly Element[] =>
  (nodes as readonly RawNode[]).flatMap((node) => {
    const tag = Object.keys(node).find((key) => key !== ':@');
    if (tag === undefined || tag === '#text') return [];
    const inner = node[tag] as readonly RawNode[];
    const start = (node[METADATA] as { startIndex?: number } | undefined)?.startIndex ?? 0;
    return [
      {
        tag,
        attributes: (node[':@'] ?? {}) as Record<string, string>,
        children: elementsOf(inner, xml),
        text: inner.map((child) => (child['#text'] as string | undefined) ?? '').join(''),
        line: lineAt(xml, start),
      },
    ];
  });

/** Spark's own values for what a pool leaves out (SchedulableBuilder). */
const SPARK_DEFAULTS = { schedulingMode: 'FIFO', weight: 1, minShare: 0 } as const;

const readMode = (text: string): SchedulingMode | null =>
  SCHEDULING_MODES.find((mode) => mode === text.toUpperCase()) ?? null;

const readWeight = (text: string): number | null =>
  /^\d{1,6}(\.\d{1,2})?$/.test(text) && Number(text) > 0 ? Number(text) : null;

const readShare = (text: string): number | null => (/^\d{1,9}$/.test(text) ? Number(text) : null);

const readPool = (element: Element, fault: (line: number, text: string) => void): Pool => {
  const pool: { name: string } & { -readonly [K in keyof Omit<Pool, 'name'>]: Pool[K] } = {
    name: element.attributes.name ?? '',
    ...SPARK_DEFAULTS,
  };
  if (!isName(pool.name)) fault(element.line, `the name of a pool is ${NAME_RULE}`);
  const read = <T>(child: Element, value: T | null, rule: string, set: (value: T) => void) => {
    if (value === null) fault(child.line, `${child.tag} "${child.text.trim()}" is not ${rule}`);
    else set(value);
  };
  for (const child of element.children) {
    const text = child.text.trim();
    if (child.tag === 'schedulingMode') {
      read(child, readMode(text), SCHEDULING_MODES.join(' or '), (value) => {
        pool.schedulingMode = value;
      });
    } else if (child.tag === 'weight') {
      read(child, readWeight(text), 'a number above 0 with two decimal places at most', (value) => {
        pool.weight = value;
      });
    } else if (child.tag === 'minShare') {
      read(child, readShare(text), 'a whole number from 0', (value) => {
        pool.minShare = value;
      });
    } else {
      fault(child.line, `<${child.tag}> is not known: schedulingMode, weight, minShare`);
    }
  }
  return pool;
};

/** The pools of a `fairscheduler.xml`, in its order; `default` is added where it is missing. */
export const parseFairscheduler = (xml: string, file: string): readonly Pool[] => {
  const faults: string[] = [];
  const fault = (line: number, text: string): void => {
    faults.push(`${file}, line ${line}: ${text}`);
  };
  const valid = XMLValidator.validate(xml);
  if (valid !== true)
    throw new FairschedulerError(`${file}, line ${valid.err.line}: ${valid.err.msg}`);
  const root = elementsOf(parser.parse(xml), xml)[0];
  if (root?.tag !== 'allocations') {
    throw new FairschedulerError(`${file}, line ${root?.line ?? 1}: <allocations> is expected`);
  }
  const pools = new Map<string, Pool>();
  for (const element of root.children) {
    if (element.tag !== 'pool') {
      fault(element.line, `<${element.tag}> is not known: pool`);
      continue;
    }
    const pool = readPool(element, fault);
    if (pools.has(pool.name)) fault(element.line, `the pool "${pool.name}" is there twice`);
    pools.set(pool.name, pool);
  }
  if (faults.length > 0) throw new FairschedulerError(faults.join('\n'));
  return pools.has(DEFAULT_POOL)
    ? [...pools.values()]
    : [{ name: DEFAULT_POOL, ...SPARK_DEFAULTS }, ...pools.values()];
};
