import type { ConfigFault } from '../config/config-error.ts';
import { ConfigError } from '../config/config-error.ts';
import { isName, NAME_RULE } from '../domain/ids.ts';
import type { Pool, SchedulingMode } from '../domain/pool.ts';
import {
  DEFAULT_POOL,
  isWeight,
  MIN_SHARE_LIMIT,
  MOST_POOLS,
  QUOTA_LIMIT,
  SCHEDULING_MODES,
  WEIGHT_RULE,
} from '../domain/pool.ts';
import type { Element } from './xml-elements.ts';
import { parseXml, XmlError } from './xml-elements.ts';

type Fault = (line: number, message: string) => void;
type Fields = Omit<Pool, 'name'>;

/** What a pool leaves out is as in Spark (SchedulableBuilder); quotas are ours. */
const LEFT_OUT: Fields = {
  schedulingMode: 'FIFO',
  weight: 1,
  minShare: 0,
  maxRunning: null,
  maxQueued: null,
};

const wholeNumber = (least: number, most: number) => ({
  read: (text: string): number | null =>
    /^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : null,
  rule: `a whole number from ${least} to ${most}`,
});

/** How the text of each child is read, null where it breaks the rule. */
const CHILDREN: {
  readonly [K in keyof Fields]: {
    readonly read: (text: string) => Fields[K] | null;
    readonly rule: string;
  };
} = {
  schedulingMode: {
    read: (text): SchedulingMode | null =>
      SCHEDULING_MODES.find((mode) => mode === text.toUpperCase()) ?? null,
    rule: SCHEDULING_MODES.join(' or '),
  },
  weight: {
    read: (text) => (/^\d+(\.\d+)?$/.test(text) && isWeight(Number(text)) ? Number(text) : null),
    rule: WEIGHT_RULE,
  },
  minShare: wholeNumber(0, MIN_SHARE_LIMIT),
  maxRunning: wholeNumber(1, QUOTA_LIMIT),
  maxQueued: wholeNumber(0, QUOTA_LIMIT),
};
const KNOWN = new Map(Object.entries(CHILDREN));

/**
 * The pools of a `fairscheduler.xml`, in its order; `default` is added where it is missing. Throws
 * a ConfigError that names every fault with its line. Spark passes over `maxRunning` and
 * `maxQueued`, so that one file can serve both.
 */
export const parseFairscheduler = (xml: string, file: string): readonly Pool[] => {
  const faults: ConfigFault[] = [];
  const fault: Fault = (line, message) => {
    faults.push({ where: `${file}, line ${line}`, message });
  };
  const elements = poolElements(xml, fault);
  const pools = new Map<string, Pool>();
  for (const element of elements) {
    const pool = readPool(element, fault);
    if (pool === null) continue;
    if (pools.has(pool.name)) fault(element.line, `the pool "${pool.name}" is there twice`);
    pools.set(pool.name, pool);
  }
  const all = withDefault([...pools.values()]);
  if (all.length > MOST_POOLS) {
    fault(elements.at(-1)?.line ?? 1, `with "default" there are more than ${MOST_POOLS} pools`);
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return all;
};

const withDefault = (pools: readonly Pool[]): readonly Pool[] =>
  pools.some(({ name }) => name === DEFAULT_POOL)
    ? pools
    : [{ name: DEFAULT_POOL, ...LEFT_OUT }, ...pools];

const poolElements = (xml: string, fault: Fault): readonly Element[] => {
  try {
    const root = parseXml(xml);
    if (root.tag !== 'allocations') throw new XmlError(root.line, '<allocations> is expected');
    return root.children.filter(({ tag, line }) => {
      if (tag !== 'pool') fault(line, `<${tag}> is not known: pool`);
      return tag === 'pool';
    });
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    fault(error.line, error.message);
    return [];
  }
};

/** Null where it has no name: it could be any. */
const readPool = ({ attributes, children, line }: Element, fault: Fault): Pool | null => {
  for (const attribute of Object.keys(attributes)) {
    if (attribute !== 'name') fault(line, `the attribute ${attribute} is not known: name`);
  }
  const fields = new Map<string, unknown>();
  for (const child of children) {
    const known = KNOWN.get(child.tag);
    const text = child.text.trim();
    if (known === undefined) {
      fault(child.line, `<${child.tag}> is not known: ${[...KNOWN.keys()].join(', ')}`);
    } else if (fields.has(child.tag)) {
      fault(child.line, `<${child.tag}> is there twice in this pool`);
    } else {
      const value = known.read(text);
      if (value === null) fault(child.line, `${child.tag} "${text}" is not ${known.rule}`);
      fields.set(child.tag, value);
    }
  }
  const { name } = attributes;
  if (name === undefined) fault(line, 'a pool needs the attribute name');
  else if (!isName(name)) fault(line, `the name "${name}" is not ${NAME_RULE}`);
  return name === undefined ? null : ({ name, ...LEFT_OUT, ...Object.fromEntries(fields) } as Pool);
};
